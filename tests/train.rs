//! The trainer on the tiny model: it can learn by heart, and a stopped run ends where an unstopped one does.
#![cfg(feature = "torch")]

use demarche::encode::Encoder;
use demarche::gold::{self, GoldText};
use demarche::model::Model;
use demarche::model::weights::Weights;
use demarche::train::{Outcome, Source, TrainSet, TrainSettings, fit};
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
        seed: 5,
        patience: usize::MAX,
        mix: 0.0,
        half: false,
        checkpoint: checkpoint.to_owned(),
        checkpoint_every: 3,
        resume: false,
    }
}

/// Trains the tiny model on `texts`, measured on themselves; `watch` sees the checkpoint folder after each epoch.
fn train(settings: &TrainSettings, texts: &[GoldText], mut watch: impl FnMut(usize)) -> Outcome {
    let model = Model::open(&root().join("models/tiny")).expect("the tiny model opens");
    let encoder = Encoder::open(&root().join("models/tiny/tokenizer.json"), 96).expect("its tokenizer");
    let set = TrainSet::new(vec![Source { texts: texts.to_vec(), weight: 1.0 }], 1.0);
    let mut epoch = 0;
    let outcome = fit(&model.weights, &model.config, &encoder, &set, texts, texts, settings, |_, _, _, dev| {
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
