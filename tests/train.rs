//! The trainer on the tiny model: it can learn by heart, and a stopped run ends where an unstopped one does.
#![cfg(feature = "torch")]

use demarche::calibrate::Scale;
use demarche::encode::Encoder;
use demarche::engine::cpu::CpuEngine;
use demarche::gold::{self, GoldText};
use demarche::look::Looks;
use demarche::model::Model;
use demarche::model::config::SecondLook;
use demarche::model::weights::Weights;
use demarche::predict;
use demarche::stance::Stance;
use demarche::train::{Outcome, Source, Teachers, TrainSet, TrainSettings, fit};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn twenty() -> Vec<GoldText> {
    let texts = gold::read(&root().join("datasets/composed/passages_c.jsonl")).expect("the composed passages");
    texts.into_iter().take(20).collect()
}

fn settings(checkpoint: &Path) -> TrainSettings {
    TrainSettings {
        epochs: 4,
        batch: 4,
        learning_rate: 2e-3,
        head_factor: 1.0,
        layer_decay: 1.0,
        warmup: 0.1,
        weight_decay: 0.0,
        dropout: 0.0,
        class_weights: [1.0; 4],
        label_smoothing: 0.0,
        teacher_share: 0.0,
        seed: 5,
        patience: usize::MAX,
        mix: 0.0,
        pairs: 0,
        half: false,
        checkpoint: checkpoint.to_owned(),
        checkpoint_every: 3,
        resume: false,
    }
}

/// Trains the tiny model on `texts`, measured on themselves; `watch` sees the checkpoint folder after each epoch.
fn train(settings: &TrainSettings, texts: &[GoldText], watch: impl FnMut(usize)) -> Outcome {
    let set = TrainSet::new(vec![Source { texts: texts.to_vec(), weight: 1.0 }], 1.0);
    train_on(&set, settings, texts, watch)
}

fn train_on(set: &TrainSet, settings: &TrainSettings, texts: &[GoldText], mut watch: impl FnMut(usize)) -> Outcome {
    let model = Model::open(&root().join("models/tiny")).expect("the tiny model opens");
    let encoder = Encoder::open(&root().join("models/tiny/tokenizer.json"), 96).expect("its tokenizer");
    let mut epoch = 0;
    let outcome = fit(&model.weights, &model.config, &encoder, set, texts, texts, settings, |_, _, _, dev| {
        if dev.is_some() {
            epoch += 1;
            watch(epoch);
        }
    });
    outcome.expect("training runs")
}

fn furthest(a: &Weights, b: &Weights) -> f32 {
    let pairs = a.iter().zip(b.iter()).flat_map(|((_, a), (_, b))| a.values.iter().zip(&b.values));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn twenty_examples_can_be_learnt_by_heart() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = TrainSettings { epochs: 120, ..settings(folder.path()) };
    let outcome = train(&settings, &twenty(), |_| {});
    let best = outcome.history.iter().map(|(_, figure)| *figure).fold(0.0, f64::max);
    assert!(outcome.history[0].1 < 0.7, "already known before training: {}", outcome.history[0].1);
    assert!(best > 0.98, "macro-F1 on its own twenty texts is {best}");
}

#[test]
fn a_student_learns_what_its_teachers_say_to_the_share_that_they_have() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = |stance: Stance| Stance::ALL[(stance.index() + 1) % 4];
    // Two teachers, who put another label first; the mean of what they say is a probability of 0.85 for it.
    let files: Vec<_> = [0.9, 0.8].map(|sure| (folder.path().join(format!("{sure}.jsonl")), sure)).into();
    for (path, sure) in &files {
        let line = |text: &GoldText, pair: &gold::GoldPair| {
            let p = |s: Stance| if s == other(pair.stance) { *sure } else { (1.0 - sure) / 3.0 };
            let [none, recognize, engage, condemn] = Stance::ALL.map(p);
            serde_json::json!({
                "id": text.id, "actor": pair.dyad.actor, "target": pair.dyad.target,
                "p_none": none, "p_recognize": recognize, "p_engage": engage, "p_condemn": condemn,
            })
            .to_string()
        };
        let lines: Vec<_> =
            twenty().iter().flat_map(|t| t.pairs.iter().map(|p| line(t, p)).collect::<Vec<_>>()).collect();
        std::fs::write(path, lines.join("\n")).expect("written");
    }
    let teachers = Teachers::read(&files.into_iter().map(|(path, _)| path).collect::<Vec<_>>()).expect("answers");
    let set =
        TrainSet::new(vec![Source { texts: twenty(), weight: 1.0 }], 1.0).taught_by(&teachers).expect("the same ids");
    assert_eq!(set.taught_pairs(), twenty().iter().map(|t| t.pairs.len()).sum::<usize>());
    let mut said = twenty();
    for pair in said.iter_mut().flat_map(|text| &mut text.pairs) {
        pair.stance = other(pair.stance);
    }
    for (teacher_share, follows) in [(1.0, true), (0.0, false)] {
        let checkpoint = folder.path().join(teacher_share.to_string());
        let settings = TrainSettings { epochs: 120, teacher_share, mix: 0.1, ..settings(&checkpoint) };
        let history = train_on(&set, &settings, &said, |_| {}).history;
        let last = history.last().expect("epochs").1;
        assert!(
            if follows { last > 0.9 } else { last < 0.1 },
            "macro-F1 on what they say is {last} at {teacher_share}"
        );
    }
}

#[test]
fn what_is_read_alone_is_learnt_too_and_the_model_then_takes_a_second_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let texts = twenty();
    let right_alone = |pairs: usize| {
        let checkpoint = folder.path().join(pairs.to_string());
        let settings = TrainSettings { epochs: 60, pairs, ..settings(&checkpoint) };
        let outcome = train(&settings, &texts, |_| {});
        let second = outcome.calibration.expect("twenty texts to calibrate on").second_look;
        assert_eq!(second.is_some(), pairs > 0);
        let model = Model::open(&root().join("models/tiny")).expect("the tiny model opens");
        let engine = CpuEngine::new(&model.config, &outcome.weights).expect("complete weights");
        let always = Some(SecondLook::new(f64::INFINITY, Scale::PLAIN));
        let looks = Looks { encoder: &model.encoder, engine: &engine, scale: Scale::PLAIN, second: always };
        let answers = predict::score(&texts, &looks).expect("scores").into_iter().flatten();
        let gold = texts.iter().flat_map(|text| &text.pairs).map(|pair| pair.stance);
        let right = answers.zip(gold).filter(|(answer, gold)| answer.probs.best() == *gold);
        right.count() as f64 / texts.iter().map(|text| text.pairs.len()).sum::<usize>() as f64
    };
    let (learnt, never_met) = (right_alone(6), right_alone(0));
    assert!(learnt > 0.95, "of pairs alone {learnt} are right");
    assert!(never_met < learnt - 0.1, "pairs alone were right without being learnt: {never_met}");
}

#[test]
fn a_stopped_run_ends_with_the_weights_of_an_unstopped_one() {
    let (whole, stopped) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let texts = twenty();
    // What lies in the folder when the third epoch has been measured is what a kill at that moment would leave.
    let outcome = train(&settings(whole.path()), &texts, |epoch| {
        if epoch == 3 {
            for entry in std::fs::read_dir(whole.path()).expect("a folder") {
                let path = entry.expect("an entry").path();
                std::fs::copy(&path, stopped.path().join(path.file_name().expect("a name"))).expect("copied");
            }
        }
    });
    let mut epochs = 0;
    let settings = TrainSettings { resume: true, ..settings(stopped.path()) };
    let resumed = train(&settings, &texts, |_| epochs += 1);
    assert!(epochs < 4, "the run began anew");
    assert!(furthest(&outcome.weights, &resumed.weights) < 1e-6);
    assert_eq!(outcome.history.last(), resumed.history.last());
}

fn demarche(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = assert_cmd::Command::cargo_bin("demarche").expect("the binary is built");
    let output = command.current_dir(folder).args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_model_adapted_to_corrections_says_what_it_gained_and_keeps_its_calibration() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |p: &str| root().join(p).display().to_string();
    let (tiny, corrections, replay) =
        (path("models/tiny"), path("datasets/composed/passages_b.jsonl"), path("datasets/composed/composed.jsonl"));
    let adapt = |output: &str, more: &[&str]| {
        let arguments = ["train", &replay, "--corrections", &corrections, "--start", &tiny, "-o", output, "--mix", "0"];
        demarche(folder.path(), &[&arguments[..], &["--checkpoint", "runs", "--learning-rate", "0.003"], more].concat())
    };
    let (code, out, err) = adapt("mine", &["--epochs", "6"]);
    assert_eq!(code, Some(0), "{err}");
    let stance = |folder: &Path| -> serde_json::Value {
        let json = std::fs::read_to_string(folder.join("stance.json")).expect("a model folder");
        serde_json::from_str(&json).expect("JSON")
    };
    let (old, new) = (stance(Path::new(&tiny)), stance(&folder.path().join("mine")));
    for key in ["temperature", "smoothing", "thresholds", "max_tokens", "context_tokens"] {
        assert_eq!(old[key], new[key], "{key}");
    }
    let figures = new["training"]["figures"].as_array().expect("figures");
    for (figure, name) in figures.iter().zip(["corrections held out", "replay held out"]) {
        let accuracy: Vec<f64> = serde_json::from_value(figure["accuracy"].clone()).expect("before and after");
        assert!(accuracy[1] > accuracy[0] + 0.05, "{name}: {accuracy:?}");
        let line = out.lines().find(|l| l.starts_with(name)).expect("a line of the table");
        assert!(line.ends_with(&format!("{:.4}  {:.4}", accuracy[0], accuracy[1])), "{line}");
    }
    assert_eq!(figures.len(), 2);
    let learned: usize = new["training"]["adaptation"]["texts"].as_u64().expect("a count") as usize;
    assert!((900..1050).contains(&learned), "{learned} of 1,217 texts were learned from");

    let (code, _, err) = adapt(&tiny, &[]);
    assert_eq!(code, Some(2));
    assert!(err.contains("would overwrite the model that it starts from"), "{err}");
    let (code, _, err) = adapt("no", &["--held-out", "0.000001"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("0 to judge on in the corrections: too few for --held-out 0.000001"), "{err}");
}
