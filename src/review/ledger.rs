//! The ledger of corrections: who said what about which row, when, and in which file. Lines are added, never changed.

use super::merge::Review;
use super::table::Table;
use super::typed;
use crate::output::cell::unguard;
use crate::output::columns::{ACTOR, DOC_ID, ROW_ID, STANCE, TARGET};
use crate::stance::Stance;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One line of the ledger, a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was merged, UTC, RFC 3339.
    pub merged_at: String,
    /// Who.
    pub reviewer: String,
    /// The row of the stance table.
    pub row_id: String,
    /// Its document.
    pub doc_id: String,
    /// Registry id of the actor.
    pub actor: String,
    /// Registry id of the target.
    pub target: String,
    /// The model's label.
    pub model: Option<Stance>,
    /// What this reviewer had said before; null at first.
    pub old: Option<Stance>,
    /// What the reviewer says; null if there is only a note.
    pub new: Option<Stance>,
    /// Why.
    pub note: String,
    /// Name of the file.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// A line of the ledger cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("ledger {name}, line {line} is no entry: restore it, or name another file with --ledger")]
pub struct LedgerError {
    name: String,
    line: usize,
    #[source]
    source: serde_json::Error,
}

/// Reads a ledger.
///
/// # Errors
/// At the first line that is no entry.
pub fn read(name: &str, text: &str) -> Result<Vec<Entry>, LedgerError> {
    let entry = |(i, line)| {
        serde_json::from_str(line).map_err(|source| LedgerError { name: name.to_owned(), line: i + 1, source })
    };
    text.lines().enumerate().map(entry).collect()
}

/// What the reviews add to the ledger: those that say something else than the same person's last entry on the row, and
/// were not read from the same file before. `files` are names and digests.
pub fn additions(
    ledger: &[Entry],
    reviews: &[Review],
    base: &Table,
    files: &[(String, String)],
    merged_at: &str,
) -> Vec<Entry> {
    let mut seen = BTreeSet::new();
    let mut last: BTreeMap<(String, String), (Option<Stance>, String)> = BTreeMap::new();
    for entry in ledger {
        let Entry { row_id, reviewer, old, new, note, sha256, .. } = entry.clone();
        seen.insert((sha256, row_id.clone(), reviewer.clone(), new, note.clone()));
        last.insert((row_id, reviewer), (new.or(old), note));
    }
    let mut additions = Vec::new();
    for Review { row, reviewer, stance, note, file } in reviews {
        let cell = |column: &str| base.rows[*row].cell(base.column(column));
        let (name, sha256) = files[*file].clone();
        let row_id = cell(ROW_ID).to_owned();
        let key = (row_id.clone(), reviewer.clone());
        // A note alone leaves the stance.
        let old = last.get(&key).and_then(|(old, _)| *old);
        let said = (stance.or(old), note.clone());
        let known = seen.contains(&(sha256.clone(), row_id.clone(), reviewer.clone(), *stance, note.clone()));
        if known || last.get(&key) == Some(&said) {
            continue;
        }
        last.insert(key, said);
        additions.push(Entry {
            merged_at: merged_at.to_owned(),
            reviewer: reviewer.clone(),
            row_id,
            doc_id: unguard(cell(DOC_ID)).to_owned(),
            actor: unguard(cell(ACTOR)).to_owned(),
            target: unguard(cell(TARGET)).to_owned(),
            model: typed::stance(cell(STANCE)).ok().flatten(),
            old,
            new: *stance,
            note: note.clone(),
            file: name,
            sha256,
        });
    }
    additions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::merge::merge;

    const BASE: &str = "row_id,doc_id,actor,target,stance\nr1,d,'+UN,RUS,engage\nr2,d,RUS,USA,none\n";

    fn add(ledger: &mut Vec<Entry>, texts: &[&str]) -> usize {
        let base = Table::read("stances.csv", BASE.as_bytes()).expect("a table");
        let files: Vec<Table> = texts.iter().map(|t| Table::read("ana.csv", t.as_bytes()).expect("a table")).collect();
        let names: Vec<_> = texts.iter().map(|t| ("ana.csv".to_owned(), format!("digest of {t}"))).collect();
        let reviews = merge(&base, &files, None).expect("merged").reviews;
        let new = additions(ledger, &reviews, &base, &names, "2026-01-02T03:04:05Z");
        ledger.extend(new.iter().cloned());
        new.len()
    }

    #[test]
    fn merging_a_file_again_adds_nothing_and_a_changed_mind_adds_a_line() {
        let (first, second) =
            ("row_id,review_stance\nr1,c\nr2,n\n", "row_id,review_stance,review_note\nr1,E,sorry\nr2,none,\n");
        let mut ledger = Vec::new();
        assert_eq!(add(&mut ledger, &[first]), 2);
        assert_eq!(add(&mut ledger, &[first]), 0);
        assert_eq!(add(&mut ledger, &[second]), 1);
        // The old file does not take back what came later.
        assert_eq!(add(&mut ledger, &[first]), 0);
        assert_eq!(add(&mut ledger, &[first, second]), 0);
        let Entry { model, old, new, note, actor, .. } = &ledger[2];
        assert_eq!((*model, *old, *new), (Some(Stance::Engage), Some(Stance::Condemn), Some(Stance::Engage)));
        assert_eq!((&**note, &**actor), ("sorry", "+UN"));
        // A note leaves the stance.
        assert_eq!(add(&mut ledger, &["row_id,review_note\nr1,sorry\n"]), 0);
        assert_eq!(add(&mut ledger, &["row_id,review_note\nr1,really\n"]), 1);
        assert_eq!(add(&mut ledger, &["row_id,review_stance,review_note\nr1,c,really\n"]), 1);
        assert_eq!((ledger[3].new, ledger[4].old), (None, Some(Stance::Engage)));
    }

    #[test]
    fn a_ledger_reads_back_and_a_torn_line_is_named() {
        let mut ledger = Vec::new();
        add(&mut ledger, &["row_id,review_stance\nr1,c\n"]);
        let line = serde_json::to_string(&ledger[0]).expect("JSON");
        assert_eq!(read("l", &format!("{line}\n{line}\n")).expect("entries"), [ledger[0].clone(), ledger[0].clone()]);
        let error = read("l", &format!("{line}\n{}", &line[..20])).expect_err("torn").to_string();
        assert!(error.starts_with("ledger l, line 2 is no entry"), "{error}");
    }
}
