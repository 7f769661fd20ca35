//! Whole articles with document-level gold: the format of document and mention evaluation.
//!
//! A folder holds `gold.jsonl` and one `.txt` an article, beside it or in `articles/`. Each gold line names the article, its target with aliases, the
//! stance of every actor toward it, and how often each surface form names which polity (`-`: none).

use crate::document::{Date, Document, Mention, PolityId};
use crate::ingest::jsonl;
use crate::stance::Stance;
use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The polity that stances are taken toward.
#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    /// Registry id.
    pub code: PolityId,
    /// Names that mean the target in this article, whatever they mean elsewhere.
    pub aliases: Vec<String>,
}

/// One actor's stance toward the target.
#[derive(Debug, Clone, Deserialize)]
pub struct Actor {
    /// Registry id.
    pub actor: PolityId,
    /// Reference label.
    pub stance: Stance,
}

/// How often a surface form names a polity.
#[derive(Debug, Clone, Deserialize)]
pub struct Count {
    /// As it stands in the article.
    pub surface: String,
    /// Registry id, or `-`.
    pub code: String,
    /// Occurrences, longest match, without overlaps.
    pub count: usize,
}

#[derive(Deserialize)]
struct Line {
    doc: String,
    date: Option<String>,
    target: Target,
    actors: Vec<Actor>,
    mentions: Vec<Count>,
}

/// One article with its gold.
#[derive(Debug, Clone)]
pub struct GoldDocument {
    /// The article.
    pub document: Document,
    /// Toward whom.
    pub target: Target,
    /// Reference stances.
    pub actors: Vec<Actor>,
    /// Reference mention counts.
    pub mentions: Vec<Count>,
}

/// Codes that gold files use beside the registry's own; to it, courts and agencies of the UN are the UN.
const SYNONYMS: [(&str, &str); 3] = [("+AL", "+ARAB"), ("+ICJ", "+UN"), ("+ILO", "+UN")];

/// The registry's id for a code of a gold file.
pub fn canonical(code: &str) -> &str {
    SYNONYMS.iter().find(|(other, _)| *other == code).map_or(code, |(_, id)| id)
}

/// The files that [`read`] may open: `gold.jsonl`, and the articles beside it or in `articles/`.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    // A folder that cannot be listed cannot be read either, and `read` says so.
    let listed = [folder.to_owned(), folder.join("articles")].into_iter().filter_map(|f| f.read_dir().ok()).flatten();
    let articles =
        listed.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "txt"));
    std::iter::once(folder.join("gold.jsonl")).chain(articles).collect()
}

/// Reads a folder.
///
/// # Errors
/// If `gold.jsonl` or an article cannot be read, a line is malformed, or an actor has two stances.
pub fn read(folder: &Path) -> Result<Vec<GoldDocument>> {
    let path = folder.join("gold.jsonl");
    let lines = std::fs::read_to_string(&path).with_context(|| format!("gold file {}", path.display()))?;
    lines
        .trim_start_matches('\u{feff}')
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| {
            let at = || format!("{}, line {}", path.display(), i + 1);
            let line: Line = serde_json::from_str(line).map_err(|e| anyhow!(jsonl::fault(&e))).with_context(at)?;
            let nested = folder.join("articles");
            let place = if nested.is_dir() { &nested } else { folder };
            let article = place.join(format!("{}.txt", line.doc));
            let text = std::fs::read_to_string(&article).with_context(|| format!("article {}", article.display()))?;
            let date: Option<Date> = line.date.map(|d| d.parse()).transpose().with_context(at)?;
            let mut actors = BTreeSet::new();
            if let Some(twice) = line.actors.iter().find(|a| !actors.insert(canonical(&a.actor.0))) {
                let (code, id) = (&twice.actor, canonical(&twice.actor.0));
                return Err(anyhow!("actor `{code}` is `{id}` to the registry, which has a stance already: keep one"))
                    .with_context(at);
            }
            let document =
                Document { id: line.doc, date, title: String::new(), text, source: article.display().to_string() };
            Ok(GoldDocument { document, target: line.target, actors: line.actors, mentions: line.mentions })
        })
        .collect()
}

impl GoldDocument {
    /// True positives, predicted and gold mentions, counted by (surface, polity). The gold counts countries; blocs and
    /// non-state authorities only in some articles, so a predicted one counts where the article's gold has its id.
    pub fn mention_hits(&self, mentions: &[Mention]) -> (usize, usize, usize) {
        let counted = |id: &str| !id.starts_with(['+', '#']) || self.mentions.iter().any(|c| canonical(&c.code) == id);
        let mentions: Vec<&Mention> = mentions.iter().filter(|m| counted(&m.polity.0)).collect();
        let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for mention in &mentions {
            *found.entry((mention.span.of(&self.document.text), mention.polity.0.as_str())).or_default() += 1;
        }
        let gold = self.mentions.iter().filter(|c| c.code != "-");
        let hits = gold
            .clone()
            .map(|c| found.get(&(c.surface.as_str(), canonical(&c.code))).copied().unwrap_or(0).min(c.count))
            .sum();
        (hits, mentions.len(), gold.map(|c| c.count).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courts_of_the_un_are_the_un_and_two_stances_of_one_actor_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.txt"), "Text.").expect("written");
        let read_with = |actors: &str| {
            let line = format!(
                r#"{{"doc": "a", "date": null, "target": {{"code": "MMR", "aliases": []}}, "actors": [{actors}], "mentions": []}}"#
            );
            std::fs::write(folder.path().join("gold.jsonl"), line).expect("written");
            read(folder.path())
        };
        let court = r#"{"actor": "+ICJ", "stance": "condemn"}"#;
        let documents = read_with(court).expect("one actor");
        assert_eq!(canonical(&documents[0].actors[0].actor.0), "+UN");
        let fault = read_with(&format!(r#"{court}, {{"actor": "+UN", "stance": "engage"}}"#)).expect_err("two stances");
        let fault = format!("{fault:#}");
        assert!(fault.contains("line 1") && fault.contains("`+UN`") && fault.contains("keep one"), "{fault}");
    }
}
