//! Adapting a model to corrections, as `refit` and `train` both do it: what is kept back to judge on, and what was gained
//! and lost.

use super::outputs::same_file;
use crate::engine::cpu::CpuEngine;
use crate::gold::GoldText;
use crate::held_out::Split;
use crate::look::{Answer, Looks};
use crate::metrics::classification::Confusion;
use crate::model::Model;
use crate::predict;
use crate::stance::Stance;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What an adaptation is judged on, and how much it learns from.
pub(super) struct Judged {
    /// Corrected texts that are learned from.
    corrected: usize,
    /// Texts of old that are learned again.
    replayed: usize,
    /// Texts that are too alike to judge on.
    alike: usize,
    /// Corrected texts of documents that were kept back.
    pub(super) corrections: Vec<GoldText>,
    /// Replayed texts of documents that were kept back.
    pub(super) replay: Vec<GoldText>,
}

impl Judged {
    /// Takes the texts to judge on out of both splits; `text` is what an item holds, `share` was kept back.
    ///
    /// # Errors
    /// If either leaves no labelled pair to learn from or to judge on.
    pub(super) fn of<T>(parts: [&mut Split<T>; 2], share: f64, text: impl Fn(T) -> GoldText + Copy) -> Result<Self> {
        let mut alike = 0;
        let mut take = |part: &mut Split<T>, set: &str| -> Result<(usize, Vec<GoldText>)> {
            let judge: Vec<GoldText> = std::mem::take(&mut part.judge).into_iter().map(text).collect();
            alike += part.alike;
            ensure!(
                !part.learn.is_empty() && !judge.is_empty(),
                "{} texts to learn from and {} to judge on in the {set}: too few for --held-out {share}",
                part.learn.len(),
                judge.len()
            );
            Ok((part.learn.len(), judge))
        };
        let [corrections, replay] = parts;
        let (corrected, corrections) = take(corrections, "corrections")?;
        let (replayed, replay) = take(replay, "replay")?;
        Ok(Self { corrected, replayed, alike, corrections, replay })
    }

    /// Both kept-back sets with their names.
    pub(super) fn sets(&self) -> [(&'static str, &[GoldText]); 2] {
        [("corrections held out", &self.corrections), ("replay held out", &self.replay)]
    }

    /// The model and the same with other weights, on what was kept back.
    ///
    /// # Errors
    /// If an engine refuses a text.
    pub(super) fn changes(&self, model: &Model, new: &CpuEngine) -> Result<Vec<Change>> {
        let old = model.cpu_engine()?;
        let confusion = |engine: &CpuEngine, texts: &[GoldText]| -> Result<Confusion> {
            let answers = predict::score(texts, &Looks::new(model, engine))?;
            let gold = texts.iter().flat_map(|t| &t.pairs).map(|p| p.stance);
            let best = |answer: &Answer| answer.probs.best();
            Ok(Confusion::of(gold.zip(answers.iter().flatten().map(best))))
        };
        let change = |(on, texts)| Ok(Change { on, before: confusion(&old, texts)?, after: confusion(new, texts)? });
        self.sets().into_iter().map(change).collect()
    }

    /// Writes what was learned from, and the figures.
    ///
    /// # Errors
    /// If `out` refuses.
    pub(super) fn write(&self, changes: &[Change], out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(
            out,
            "learned from {} corrected and {} replayed texts; judged on texts of other documents ({} nearly the same left out)",
            self.corrected, self.replayed, self.alike
        )?;
        writeln!(out, "{:<22} {:>6} {:>22} {:>22}", "", "pairs", "macro-F1 before, after", "accuracy before, after")?;
        for change in changes {
            let shown = |[before, after]: [f64; 2]| format!("{before:.4}  {after:.4}");
            let (f1, accuracy) = (shown(change.macro_f1()), shown(change.accuracy()));
            writeln!(out, "{:<22} {:>6} {f1:>22} {accuracy:>22}", change.on, change.after.total())?;
        }
        Ok(())
    }
}

/// The model before and after, on the same texts.
pub(super) struct Change {
    /// What was kept back.
    pub(super) on: &'static str,
    /// With the old weights.
    pub(super) before: Confusion,
    /// With the new ones.
    pub(super) after: Confusion,
}

impl Change {
    fn macro_f1(&self) -> [f64; 2] {
        [&self.before, &self.after].map(|c| c.macro_f1(&Stance::POSITIONS))
    }

    fn accuracy(&self) -> [f64; 2] {
        [&self.before, &self.after].map(Confusion::accuracy)
    }

    /// For `stance.json`.
    pub(super) fn record(&self) -> Value {
        json!({
            "on": self.on, "pairs": self.after.total(), "macro_f1": self.macro_f1(), "accuracy": self.accuracy(),
        })
    }
}

/// File names without their folders.
pub(super) fn names(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().filter_map(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned()).collect()
}

/// The name of the model that is written to `output`.
///
/// # Errors
/// If the folder has no name, or is that of the model which the new one starts from.
pub(super) fn new_name(output: &Path, start: &Path) -> Result<String> {
    ensure!(!same_file(output, start), "{} would overwrite the model that it starts from", output.display());
    let name = output.file_name().with_context(|| format!("{} has no folder name", output.display()))?;
    Ok(name.to_string_lossy().into_owned())
}

/// Refuses a share that keeps nothing or everything back.
pub(super) fn ensure_share(share: f64) -> Result<()> {
    ensure!(share > 0.0 && share < 1.0, "--held-out {share} is no share between 0 and 1");
    Ok(())
}
