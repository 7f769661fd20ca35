//! `demarche refit`: adapts a model's head to corrected labels, on the embedded engine alone.

use super::review::same_file;
use crate::cli::RefitArgs;
use crate::engine::cpu::CpuEngine;
use crate::gold::{self, GoldText};
use crate::metrics::classification::Confusion;
use crate::model::config::StanceConfig;
use crate::model::{Model, folder};
use crate::refit::{Head, Item, RefitSettings, features, fit, split};
use crate::stance::{Stance, StanceProbs};
use anyhow::{Context, Result, ensure};
use ndarray::Array2;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// Features and labels of texts that are judged on.
struct Judged {
    features: Array2<f64>,
    items: Vec<Item>,
}

/// Runs the command; what the refit gained and lost goes to `out`.
///
/// # Errors
/// If a file cannot be read, there is nothing to learn or to judge on, or the folder cannot be written.
pub fn run(args: &RefitArgs, out: &mut dyn Write) -> Result<()> {
    let started = std::time::Instant::now();
    let model = Model::open(&args.start)?;
    let engine = model.cpu_engine()?;
    let name = args.output.file_name().map(|n| n.to_string_lossy().into_owned());
    let name = name.with_context(|| format!("{} has no folder name", args.output.display()))?;
    ensure!(
        !same_file(&args.output, &args.start),
        "{} would overwrite the model that it starts from",
        args.output.display()
    );
    ensure!(args.held_out > 0.0 && args.held_out < 1.0, "--held-out {} is no share between 0 and 1", args.held_out);
    for (flag, value) in [("--weight", args.weight), ("--learning-rate", args.learning_rate), ("--pull", args.pull)] {
        ensure!(value.is_finite() && value >= 0.0, "{flag} {value} is not a number of 0 or more");
    }
    let [corrections, replay] = split([read(&args.gold)?, read(&args.replay)?], args.held_out);
    for (set, paths) in [(&corrections, &args.gold), (&replay, &args.replay)] {
        let (learn, judge) = (set.learn.len(), set.judge.len());
        ensure!(
            learn > 0 && judge > 0,
            "{} texts to learn from and {judge} to judge on in {}: too few for --held-out {}",
            learn,
            paths[0].display(),
            args.held_out
        );
    }
    let settings = RefitSettings {
        epochs: args.epochs,
        batch: 128,
        learning_rate: args.learning_rate,
        pull: args.pull,
        weight: args.weight,
        class_weights: [1.0, 2.0, 1.3, 1.3],
        seed: args.seed,
    };
    let of = |texts: &[GoldText], weight| features(texts, weight, &model.encoder, &engine);
    let (new, mut items) = of(&corrections.learn, settings.weight)?;
    let (old, known) = of(&replay.learn, 1.0)?;
    items.extend(known);
    let all = ndarray::concatenate(ndarray::Axis(0), &[new.view(), old.view()])?;
    let before = Head::of(&model.weights, model.config.hidden_size)?;
    let after = fit(&before, &all, &items, &settings);
    ensure!(after.is_finite(), "the refit diverged: lower --learning-rate {}", args.learning_rate);

    let judge = |texts: &[GoldText]| -> Result<Judged> {
        let (features, items) = of(texts, 1.0)?;
        Ok(Judged { features, items })
    };
    let sets = [("corrections held out", judge(&corrections.judge)?), ("replay held out", judge(&replay.judge)?)];
    writeln!(
        out,
        "learned from {} corrected and {} replayed texts; judged on texts of other documents ({} nearly the same left out)",
        corrections.learn.len(),
        replay.learn.len(),
        corrections.alike + replay.alike
    )?;
    writeln!(out, "{:<22} {:>6} {:>22} {:>22}", "", "pairs", "macro-F1 before, after", "accuracy before, after")?;
    let mut figures = Vec::new();
    for (name, set) in &sets {
        let [b, a] = [&before, &after].map(|head| confusion(head, set));
        let f1 = [&b, &a].map(|c| c.macro_f1(&Stance::POSITIONS));
        let accuracy = [b.accuracy(), a.accuracy()];
        let pair = |x: [f64; 2]| format!("{:.4}  {:.4}", x[0], x[1]);
        writeln!(out, "{name:<22} {:>6} {:>22} {:>22}", set.items.len(), pair(f1), pair(accuracy))?;
        figures.push(json!({ "on": name, "pairs": set.items.len(), "macro_f1": f1, "accuracy": accuracy }));
    }

    // Temperature and review thresholds stay: the replay is what the model was trained on, and would flatter it.
    let stance = StanceConfig {
        name,
        training: json!({
            "refit": settings, "from": { "name": model.stance.name, "sha256": model.checksum },
            "files": names(&args.gold), "replay": names(&args.replay), "figures": figures,
            "minutes": (started.elapsed().as_secs_f64() / 6.0).round() / 10.0, "before": model.stance.training,
        }),
        ..model.stance.clone()
    };
    let mut weights = model.weights.clone();
    after.store(&mut weights);
    let path = args.start.join("tokenizer.json");
    let tokenizer = std::fs::read(&path).with_context(|| format!("tokenizer {}", path.display()))?;
    let card = format!(
        "# {}\n\nThe head of `{}` refitted by `demarche refit` to corrected labels; the encoder is unchanged. Settings and \
         figures are in `stance.json`.\n",
        stance.name, model.stance.name
    );
    folder::write(&args.output, &model.config, &stance, &tokenizer, &weights, &card)?;
    // The engine that users get reads f16 weights; what was written must open.
    let _: CpuEngine = Model::open(&args.output)?.cpu_engine()?;
    writeln!(out, "model: {}", args.output.display())?;
    Ok(())
}

fn read(paths: &[PathBuf]) -> Result<Vec<GoldText>> {
    let mut texts = Vec::new();
    for path in paths {
        texts.extend(gold::read(path)?.into_iter().filter(|t| !t.pairs.is_empty()));
    }
    Ok(texts)
}

fn names(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().filter_map(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned()).collect()
}

fn rows(head: &Head, set: &Judged) -> Vec<([f32; 4], Stance)> {
    let logits = head.logits(set.features.view());
    let row = |i: usize| std::array::from_fn(|j| logits[[i, j]] as f32);
    set.items.iter().enumerate().map(|(i, item)| (row(i), item.stance)).collect()
}

fn confusion(head: &Head, set: &Judged) -> Confusion {
    Confusion::of(rows(head, set).into_iter().map(|(l, gold)| (gold, StanceProbs::from_logits(l, 1.0).best())))
}
