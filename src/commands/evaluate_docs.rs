//! `demarche evaluate --docs`: whole articles end to end, toward each article's target, and the mentions found.

use super::evaluate::Outcome;
use crate::document::{ByteSpan, Dyad, PolityId};
use crate::evaluation::Judged;
use crate::gold_docs::{self, GoldDocument, canonical};
use crate::mention::{Detector, Linked};
use crate::metrics::classification::Confusion;
use crate::model::Model;
use crate::output::marked::pieces;
use crate::passage::Scope;
use crate::pipeline::{Corridor, Labelled};
use crate::registry::Registry;
use crate::stance::{Stance, StanceProbs};
use anyhow::Result;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Judges the stances toward each article's target; with `show`, errors go to `out`.
///
/// # Errors
/// If the folder cannot be read, the model refuses a text, or `out` cannot be written.
pub(super) fn judge_folder(folder: &Path, show: bool, model: &Model, out: &mut dyn Write) -> Result<Outcome> {
    let engine = model.cpu_engine()?;
    let detector = Detector::new(Registry::embedded()?);
    let (mut judged, mut hits) = (Vec::new(), (0, 0, 0));
    for gold in gold_docs::read(folder)? {
        let mut linked = detector.link(&gold.document.text, gold.document.date);
        let (found, predicted, reference) = gold.mention_hits(&linked.mentions);
        hits = (hits.0 + found, hits.1 + predicted, hits.2 + reference);
        if show {
            mention_errors(&gold, &linked, out)?;
        }
        linked.name_target(&gold.document.text, &gold.target.code, &gold.target.aliases);
        let scope = Scope::Toward(gold.target.code.clone());
        let corridor = Corridor::new(&detector, model, &engine, &scope);
        let labelled = corridor.label_linked(vec![gold.document.clone()], vec![linked])?;
        for labelled in &labelled {
            let pairs = judge(&gold, labelled);
            if show {
                stance_errors(&pairs, out)?;
            }
            judged.extend(pairs);
        }
    }
    let confusion = Confusion::of(judged.iter().map(|j| (j.gold, j.probs.best())));
    let (found, predicted, reference) = hits;
    let (precision, recall) = (found as f64 / predicted as f64, found as f64 / reference as f64);
    let remark =
        format!("mentions: {reference} gold, {predicted} found, precision {precision:.4}, recall {recall:.4}\n\n");
    let mut details = Map::new();
    details.insert("registry".to_owned(), json!(detector.registry().version));
    details.insert(
        "mentions".to_owned(),
        json!({ "gold": reference, "found": predicted, "precision": precision, "recall": recall }),
    );
    let tables = vec![("document level, actor toward the article's target", "documents", confusion)];
    Ok(Outcome { judged, tables, remark, details })
}

/// Stances toward the target beside gold; actors that only one side has are `none` on the other.
fn judge(gold: &GoldDocument, labelled: &Labelled) -> Vec<Judged> {
    let text = &gold.document.text;
    let mut reference: BTreeMap<PolityId, Stance> =
        gold.actors.iter().map(|a| (canonical(&a.actor.0).into(), a.stance)).collect();
    let target = &gold.target.code;
    let judged = |dyad: Dyad, stance, probs, evidence: Option<ByteSpan>| Judged {
        id: gold.document.id.clone(),
        date: gold.document.date,
        words: text.split_whitespace().count(),
        text: evidence.map_or_else(Vec::new, |sentence| {
            let marked = pieces(text, sentence, &labelled.linked.mentions, &dyad);
            marked.into_iter().map(|(role, piece)| (role, piece.to_owned())).collect()
        }),
        dyad,
        gold: stance,
        sure: true,
        probs,
    };
    let mut pairs = Vec::new();
    for row in labelled.stances.iter().filter(|row| row.dyad.target == *target) {
        let stance = reference.remove(&row.dyad.actor).unwrap_or(Stance::None);
        pairs.push(judged(row.dyad.clone(), stance, row.probs, Some(row.best.sentence)));
    }
    for (actor, stance) in reference {
        let dyad = Dyad { actor, target: target.clone() };
        pairs.push(judged(dyad, stance, StanceProbs::from_weights([1.0, 0.0, 0.0, 0.0]), None));
    }
    pairs
}

/// Lists the wrong stances of one article.
fn stance_errors(pairs: &[Judged], out: &mut dyn Write) -> Result<()> {
    for j in pairs.iter().filter(|j| j.gold != j.probs.best()) {
        let (id, actor, gold, found) = (&j.id, &j.dyad.actor, j.gold, j.probs.best());
        if j.text.is_empty() {
            writeln!(out, "{id}: {actor} gold {gold}, no passage with {}", j.dyad.target)?;
        } else {
            let evidence: String = j.text.iter().map(|(_, piece)| piece.as_str()).collect();
            let confidence = j.probs.get(found);
            writeln!(out, "{id}: {actor} gold {gold}, found {found} ({confidence:.2}): {evidence}")?;
        }
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
