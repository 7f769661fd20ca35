//! `demarche refit`: adapts a model's head to corrected labels, on the embedded engine alone.

use super::adaptation::{Change, Judged, ensure_share, names, new_name};
use crate::cli::RefitArgs;
use crate::engine::cpu::CpuEngine;
use crate::gold::{self, GoldText};
use crate::held_out::split;
use crate::model::config::StanceConfig;
use crate::model::{Model, folder};
use crate::refit::{Head, RefitSettings, features, fit};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// Runs the command; what the refit gained and lost goes to `out`.
///
/// # Errors
/// If a file cannot be read, there is nothing to learn or to judge on, or the folder cannot be written.
pub fn run(args: &RefitArgs, out: &mut dyn Write) -> Result<()> {
    let started = std::time::Instant::now();
    let model = Model::open(&args.start)?;
    let engine = model.cpu_engine()?;
    let name = new_name(&args.output, &args.start)?;
    ensure_share(args.held_out)?;
    for (flag, value) in [("--weight", args.weight), ("--learning-rate", args.learning_rate), ("--pull", args.pull)] {
        ensure!(value.is_finite() && value >= 0.0, "{flag} {value} is not a number of 0 or more");
    }
    let [mut corrections, mut replay] = split([read(&args.gold)?, read(&args.replay)?], args.held_out, |t| t);
    let judged = Judged::of([&mut corrections, &mut replay], args.held_out, |t| t)?;
    let settings = RefitSettings {
        epochs: args.epochs,
        batch: 128,
        learning_rate: args.learning_rate,
        pull: args.pull,
        weight: args.weight,
        class_weights: [1.0, 2.0, 1.3, 1.3],
        smoothing: model.stance.smoothing,
        seed: args.seed,
    };
    let alone = model.stance.second_look.is_some();
    let of = |texts: &[GoldText], weight| features(texts, weight, &model.encoder, &engine, alone);
    let (new, mut items) = of(&corrections.learn, settings.weight)?;
    let (old, known) = of(&replay.learn, 1.0)?;
    items.extend(known);
    let all = ndarray::concatenate(ndarray::Axis(0), &[new.view(), old.view()])?;
    let before = Head::of(&model.weights, model.config.hidden_size)?;
    let after = fit(&before, &all, &items, &settings);
    ensure!(after.is_finite(), "the refit diverged: lower --learning-rate {}", args.learning_rate);

    let mut weights = model.weights.clone();
    after.store(&mut weights);
    let changes = judged.changes(&model, &CpuEngine::new(&model.config, &weights)?)?;
    judged.write(&changes, out)?;

    // Calibration and review thresholds stay: the replay is what the model was trained on, and would flatter it.
    let stance = StanceConfig {
        name,
        training: json!({
            "refit": settings, "from": { "name": model.stance.name, "sha256": model.checksum },
            "files": names(&args.gold), "replay": names(&args.replay),
            "figures": changes.iter().map(Change::record).collect::<Vec<_>>(),
            "minutes": (started.elapsed().as_secs_f64() / 6.0).round() / 10.0, "before": model.stance.training,
        }),
        ..model.stance.clone()
    };
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
