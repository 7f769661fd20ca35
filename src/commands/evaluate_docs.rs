//! `demarche evaluate --docs`: whole articles end to end, toward each article's target, and the mentions found.

use super::evaluate::{figures, prediction, table, write_predictions};
use crate::cli::EvaluateArgs;
use crate::document::{Dyad, PolityId};
use crate::gold_docs::{self, GoldDocument, canonical};
use crate::mention::{Detector, Linked};
use crate::metrics::classification::Confusion;
use crate::model::Model;
use crate::passage::Scope;
use crate::pipeline::{Corridor, Labelled};
use crate::registry::Registry;
use crate::stance::{Stance, StanceProbs};
use anyhow::{Context, Result};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Runs the command on a folder; the tables go to `out`.
///
/// # Errors
/// If the folder cannot be read or a result cannot be written.
pub fn run(args: &EvaluateArgs, folder: &Path, model: &Model, out: &mut dyn Write) -> Result<()> {
    let engine = model.cpu_engine()?;
    let detector = Detector::new(Registry::embedded()?);
    let (mut judged, mut hits) = (Vec::new(), (0, 0, 0));
    for gold in gold_docs::read(folder)? {
        let mut linked = detector.link(&gold.document.text, gold.document.date);
        let (found, predicted, reference) = gold.mention_hits(&linked.mentions);
        hits = (hits.0 + found, hits.1 + predicted, hits.2 + reference);
        if args.errors {
            mention_errors(&gold, &linked, out)?;
        }
        linked.name_target(&gold.document.text, &gold.target.code, &gold.target.aliases);
        let scope = Scope::Toward(gold.target.code.clone());
        let corridor = Corridor {
            detector: &detector,
            encoder: &model.encoder,
            engine: &engine,
            stance: &model.stance,
            scope: &scope,
        };
        let labelled = corridor.label_linked(vec![gold.document.clone()], vec![linked])?;
        for labelled in &labelled {
            judge(&gold, labelled, args.errors, &mut judged, out)?;
        }
    }
    let confusion = Confusion::of(judged.iter().map(|(_, _, gold, probs)| (*gold, probs.best())));
    table("document level, actor toward the article's target", &confusion, out)?;
    let (found, predicted, reference) = hits;
    let (precision, recall) = (found as f64 / predicted as f64, found as f64 / reference as f64);
    writeln!(out, "mentions: {reference} gold, {predicted} found, precision {precision:.4}, recall {recall:.4}")?;
    if let Some(path) = &args.predictions {
        let lines = judged.iter().map(|(id, dyad, gold, probs)| prediction(id, dyad, *gold, *probs));
        write_predictions(path, lines)?;
    }
    if let Some(path) = &args.json {
        let report = json!({
            "model": model.stance.name, "registry": detector.registry().version, "documents": figures(&confusion),
            "mentions": { "gold": reference, "found": predicted, "precision": precision, "recall": recall },
        });
        std::fs::write(path, format!("{report:#}\n")).with_context(|| format!("figures {}", path.display()))?;
    }
    Ok(())
}

/// Compares the stances toward the target with gold; actors that only one side has are `none` on the other.
fn judge(
    gold: &GoldDocument,
    labelled: &Labelled,
    show: bool,
    judged: &mut Vec<(String, Dyad, Stance, StanceProbs)>,
    out: &mut dyn Write,
) -> Result<()> {
    let id = &gold.document.id;
    let mut reference: BTreeMap<PolityId, Stance> =
        gold.actors.iter().map(|a| (canonical(&a.actor.0).into(), a.stance)).collect();
    let target = &gold.target.code;
    for row in labelled.stances.iter().filter(|row| row.dyad.target == *target) {
        let stance = reference.remove(&row.dyad.actor).unwrap_or(Stance::None);
        if show && stance != row.stance {
            let evidence = row.best.sentence.of(&gold.document.text);
            let confidence = row.probs.get(row.stance);
            writeln!(
                out,
                "{id}: {} gold {stance}, found {} ({confidence:.2}): {evidence}",
                row.dyad.actor, row.stance
            )?;
        }
        judged.push((id.clone(), row.dyad.clone(), stance, row.probs));
    }
    for (actor, stance) in reference {
        if show && stance != Stance::None {
            writeln!(out, "{id}: {actor} gold {stance}, no passage with {target}")?;
        }
        let dyad = Dyad { actor, target: target.clone() };
        judged.push((id.clone(), dyad, stance, StanceProbs::from_weights([1.0, 0.0, 0.0, 0.0])));
    }
    Ok(())
}

fn mention_errors(gold: &GoldDocument, linked: &Linked, out: &mut dyn Write) -> Result<()> {
    let text = &gold.document.text;
    let mut balance: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for mention in &linked.mentions {
        *balance.entry((mention.span.of(text), mention.polity.0.as_str())).or_default() += 1;
    }
    for count in gold.mentions.iter().filter(|c| c.code != "-") {
        *balance.entry((count.surface.as_str(), canonical(&count.code))).or_default() -=
            i64::try_from(count.count).unwrap_or(i64::MAX);
    }
    for ((surface, code), difference) in balance.into_iter().filter(|(_, n)| *n != 0) {
        let reasons: Vec<String> =
            linked.rejected.iter().filter(|r| r.span.of(text) == surface).map(|r| r.reason.to_string()).collect();
        writeln!(out, "{}: {surface} {code} {difference:+} {}", gold.document.id, reasons.join(" "))?;
    }
    Ok(())
}
