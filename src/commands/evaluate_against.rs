//! `demarche evaluate --against`: the labels that another run gave the same pairs.

use crate::evaluation::Judged;
use crate::ingest::jsonl;
use crate::stance::Stance;
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What is read of a line of `--predictions`.
#[derive(Deserialize)]
struct Line {
    id: String,
    actor: String,
    target: String,
    gold: Stance,
    stance: Stance,
}

/// The other run's label of every judged pair, in their order.
///
/// # Errors
/// If the file cannot be read, or does not hold exactly these pairs with these gold labels.
pub(super) fn labels(path: &Path, judged: &[Judged]) -> Result<Vec<Stance>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("predictions {}", path.display()))?;
    align(&text, judged).with_context(|| {
        format!(
            "predictions {}: write them with `demarche evaluate --predictions` on the same gold data",
            path.display()
        )
    })
}

fn align(text: &str, judged: &[Judged]) -> Result<Vec<Stance>> {
    let mut others: BTreeMap<[String; 3], (Stance, Stance)> = BTreeMap::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Line { id, actor, target, gold, stance } =
            serde_json::from_str(line).map_err(|e| anyhow!("line {}: {}", i + 1, jsonl::fault(&e)))?;
        let name = format!("{actor} toward {target} in {id}");
        let before = others.insert([id, actor, target], (gold, stance));
        ensure!(before.is_none(), "line {}: {name} stands there a second time", i + 1);
    }
    let mut labels = Vec::with_capacity(judged.len());
    for j in judged {
        let (actor, target) = (&j.dyad.actor.0, &j.dyad.target.0);
        let key = [j.id.clone(), actor.clone(), target.clone()];
        let Some((gold, stance)) = others.remove(&key) else {
            bail!("{actor} toward {target} in {} is missing or stands twice in the gold data", j.id);
        };
        ensure!(gold == j.gold, "{actor} toward {target} in {} has gold {gold}, expected {}", j.id, j.gold);
        labels.push(stance);
    }
    if let Some([id, actor, target]) = others.keys().next() {
        bail!("{actor} toward {target} in {id} is not among the pairs evaluated here");
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::tests::judged;

    fn line(id: &str, gold: Stance, stance: Stance) -> String {
        serde_json::json!({ "id": id, "actor": "USA", "target": "PER", "gold": gold, "stance": stance }).to_string()
    }

    #[test]
    fn labels_come_in_the_order_of_the_pairs() {
        let pair = |id| judged(id, "USA", 9, Stance::None, Stance::Engage, 0.5);
        let text = [line("b", Stance::None, Stance::Condemn), line("a", Stance::None, Stance::None)].join("\n");
        let labels = align(&text, &[pair("a"), pair("b")]).expect("the same pairs");
        assert_eq!(labels, [Stance::None, Stance::Condemn]);
    }

    #[test]
    fn other_pairs_or_other_gold_are_refused_by_name() {
        let pair = judged("a", "USA", 9, Stance::None, Stance::Engage, 0.5);
        let good = line("a", Stance::None, Stance::None);
        for (text, expected) in [
            (String::new(), "USA toward PER in a is missing"),
            (line("a", Stance::Engage, Stance::None), "has gold engage, expected none"),
            (format!("{good}\n{good}"), "line 2: USA toward PER in a stands there a second time"),
            (format!("{good}\n{}", line("b", Stance::None, Stance::None)), "in b is not among the pairs"),
            ("{}".to_owned(), "line 1"),
        ] {
            let error = align(&text, std::slice::from_ref(&pair)).expect_err("refused");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
