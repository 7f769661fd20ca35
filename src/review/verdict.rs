//! What the opinions on one row come to: a settled stance, or a conflict in words. Rows and files are left to `merge`.

use super::{JOINT, typed};
use crate::stance::Stance;
use std::collections::{BTreeMap, BTreeSet};

/// What is said about one row: by reviewer, the labels and notes.
pub(super) type Opinions = BTreeMap<String, (BTreeSet<Stance>, BTreeSet<String>)>;

/// What the opinions on a row come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Labels differ.
    Conflict,
    /// One label or only notes, and whose they are.
    Settled(Option<Stance>, String, String),
}

impl Verdict {
    /// What they come to; the `adjudicator` outvotes all others.
    pub(super) fn of(opinions: &Opinions, adjudicator: Option<&str>) -> Self {
        let last_word =
            adjudicator.and_then(|name| opinions.get_key_value(name)).filter(|(_, (stances, _))| !stances.is_empty());
        let heard: Vec<_> = last_word.map_or_else(|| opinions.iter().collect(), |opinion| vec![opinion]);
        let stances: BTreeSet<Stance> = heard.iter().flat_map(|(_, (stances, _))| stances).copied().collect();
        if stances.len() > 1 {
            return Self::Conflict;
        }
        let names = heard.iter().filter(|(_, (labels, _))| labels.len() == stances.len()).map(|(name, _)| &***name);
        let names = names.filter(|name| !name.is_empty());
        let notes = joined(heard.iter().flat_map(|(_, (_, notes))| notes));
        Self::Settled(stances.first().copied(), notes, names.collect::<Vec<_>>().join(JOINT))
    }
}

/// One note as it is, of several the distinct parts: a note that was joined before meets its own parts.
fn joined<'a>(notes: impl Iterator<Item = &'a String>) -> String {
    let notes: BTreeSet<&String> = notes.collect();
    if notes.len() < 2 {
        return notes.into_iter().cloned().collect();
    }
    let mut seen = BTreeSet::new();
    let parts = notes.into_iter().flat_map(|note| typed::several(note)).filter(|part| seen.insert(part.clone()));
    parts.collect::<Vec<_>>().join(JOINT)
}

/// `ana: engage (a note); ben: condemn`.
pub(super) fn told(opinions: &Opinions) -> String {
    let of = |(name, (stances, notes)): (&String, &(BTreeSet<Stance>, BTreeSet<String>))| {
        let labels = stances.iter().map(|s| s.name()).collect::<Vec<_>>().join(" and ");
        let notes = joined(notes.iter());
        let name = if name.is_empty() { "unnamed" } else { name };
        if notes.is_empty() { format!("{name}: {labels}") } else { format!("{name}: {labels} ({notes})") }
    };
    opinions.iter().map(of).collect::<Vec<_>>().join(JOINT)
}
