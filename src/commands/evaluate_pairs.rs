//! `demarche evaluate GOLD`: pairs of texts whose mentions are given.

use super::evaluate::Outcome;
use crate::document::ByteSpan;
use crate::evaluation::Judged;
use crate::gold;
use crate::look::Looks;
use crate::metrics::classification::Confusion;
use crate::model::Model;
use crate::output::marked::pieces;
use crate::predict;
use anyhow::Result;
use serde_json::Map;
use std::path::PathBuf;

/// Judges every pair of the files.
///
/// # Errors
/// If a file cannot be read, or the model refuses a text.
pub(super) fn judge(files: &[PathBuf], model: &Model) -> Result<Outcome> {
    let engine = model.cpu_engine()?;
    let mut texts = Vec::new();
    for path in files {
        texts.extend(gold::read(path)?);
    }
    let scores = predict::score(&texts, &Looks::new(model, &engine))?;
    let mut judged = Vec::new();
    for (text, scores) in texts.iter().zip(scores) {
        let whole = ByteSpan::new(&text.text, 0, text.text.len()).expect("the whole text is a span of it");
        let words = text.text.split_whitespace().count();
        for (pair, answer) in text.pairs.iter().zip(scores) {
            let marked = pieces(&text.text, whole, &text.mentions, &pair.dyad);
            judged.push(Judged {
                id: text.id.clone(),
                date: text.date,
                words,
                dyad: pair.dyad.clone(),
                gold: pair.stance,
                sure: pair.sure,
                probs: answer.probs,
                text: marked.into_iter().map(|(role, piece)| (role, piece.to_owned())).collect(),
            });
        }
    }
    let confusion =
        |member: fn(&&Judged) -> bool| Confusion::of(judged.iter().filter(member).map(|j| (j.gold, j.probs.best())));
    let tables = vec![("all pairs", "all", confusion(|_| true)), ("sure pairs", "sure", confusion(|j| j.sure))];
    Ok(Outcome { judged, tables, remark: String::new(), details: Map::new() })
}
