//! `demarche evaluate`: model against labelled data.

use crate::cli::EvaluateArgs;
use crate::document::Dyad;
use crate::gold;
use crate::metrics::classification::Confusion;
use crate::model::Model;
use crate::predict;
use crate::stance::{Stance, StanceProbs};
use anyhow::{Context, Result};
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Runs the command; the table goes to `out`. `false` only if a behavioural group is below `--min-rate`.
///
/// # Errors
/// If a file cannot be read or written, or the model does not open.
pub fn run(args: &EvaluateArgs, out: &mut dyn Write) -> Result<bool> {
    let model = Model::open(&args.model)?;
    if args.behaviour {
        return super::evaluate_behaviour::run(args, &model, out);
    }
    if let Some(folder) = &args.docs {
        super::evaluate_docs::run(args, folder, &model, out)?;
        return Ok(true);
    }
    let engine = model.cpu_engine()?;
    let mut texts = Vec::new();
    for path in &args.gold {
        texts.extend(gold::read(path)?);
    }
    let scores = predict::score(&texts, &model.encoder, &engine)?;
    let mut judged = Vec::new();
    for (text, scores) in texts.iter().zip(scores) {
        for (pair, logits) in text.pairs.iter().zip(scores) {
            judged.push((text, pair, StanceProbs::from_logits(logits, model.stance.temperature)));
        }
    }
    if let Some(path) = &args.predictions {
        let lines = judged.iter().map(|(text, pair, probs)| prediction(&text.id, &pair.dyad, pair.stance, *probs));
        write_predictions(path, lines)?;
    }
    let all = Confusion::of(judged.iter().map(|(_, pair, probs)| (pair.stance, probs.best())));
    let sure =
        Confusion::of(judged.iter().filter(|(_, pair, _)| pair.sure).map(|(_, pair, p)| (pair.stance, p.best())));
    for (title, confusion) in [("all pairs", &all), ("sure pairs", &sure)] {
        table(title, confusion, out)?;
    }
    if let Some(path) = &args.json {
        let report = json!({ "model": model.stance.name, "all": figures(&all), "sure": figures(&sure) });
        std::fs::write(path, format!("{report:#}\n")).with_context(|| format!("figures {}", path.display()))?;
    }
    Ok(true)
}

/// One line of `--predictions`.
pub(super) fn prediction(id: &str, dyad: &Dyad, gold: Stance, probs: StanceProbs) -> serde_json::Value {
    let [none, recognize, engage, condemn] = probs.as_array();
    json!({
        "id": id, "actor": dyad.actor, "target": dyad.target, "gold": gold, "stance": probs.best(),
        "p_none": none, "p_recognize": recognize, "p_engage": engage, "p_condemn": condemn,
    })
}

/// Writes `--predictions`.
pub(super) fn write_predictions(path: &Path, lines: impl Iterator<Item = serde_json::Value>) -> Result<()> {
    let file = File::create(path).with_context(|| format!("predictions {}", path.display()))?;
    let mut file = BufWriter::new(file);
    for line in lines {
        writeln!(file, "{line}")?;
    }
    Ok(file.flush()?)
}

/// Prints one confusion matrix with its figures.
///
/// # Errors
/// If `out` cannot be written.
pub fn table(title: &str, confusion: &Confusion, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{title}: {}", confusion.total())?;
    writeln!(out, "  {:<10} {:>9} {:>9} {:>9} {:>8}", "stance", "precision", "recall", "F1", "support")?;
    for stance in Stance::ALL {
        let c = confusion.class(stance);
        writeln!(out, "  {stance:<10} {:>9.3} {:>9.3} {:>9.3} {:>8}", c.precision, c.recall, c.f1, c.support)?;
    }
    writeln!(
        out,
        "  macro-F1 {:.4} over four, {:.4} over the three stances; accuracy {:.4}",
        confusion.macro_f1(&Stance::ALL),
        confusion.macro_f1(&Stance::POSITIONS),
        confusion.accuracy()
    )?;
    writeln!(out, "  confusion (rows gold)  {}", Stance::ALL.map(|s| format!("{s:>10}")).join(""))?;
    for gold in Stance::ALL {
        let cells = confusion.0[gold.index()].map(|n| format!("{n:>10}")).join("");
        writeln!(out, "  {gold:<22} {cells}")?;
    }
    writeln!(out)
}

/// The figures of one confusion matrix as JSON.
pub fn figures(confusion: &Confusion) -> serde_json::Value {
    let classes: serde_json::Map<String, serde_json::Value> =
        Stance::ALL.into_iter().map(|s| (s.name().to_owned(), json!(confusion.class(s)))).collect();
    json!({
        "pairs": confusion.total(), "classes": classes, "macro_f1": confusion.macro_f1(&Stance::ALL),
        "macro_f1_stances": confusion.macro_f1(&Stance::POSITIONS), "accuracy": confusion.accuracy(),
        "confusion": confusion,
    })
}
