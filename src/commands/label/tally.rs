//! What went into a run of `label` and what came out: counted, shown, and carried over a stop.

use crate::ingest::{Encoding, Reading};
use crate::pipeline::Labelled;
use crate::registry::Registry;
use crate::stance::Stance;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Unreadable dates that the summary shows.
const BAD_DATES: usize = 3;

/// Counts of a run.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Records read, rejected ones included.
    pub read: usize,
    /// Documents with at least one polity.
    pub labelled: usize,
    /// Documents with none.
    pub without_countries: usize,
    /// Records that could not be read.
    pub rejected: usize,
    /// Rows of the stance table.
    pub rows: usize,
    /// Passages times dyads.
    pub passages: usize,
    /// Of these, looked at a second time.
    #[serde(default)]
    pub second_looks: usize,
    /// Of these, with tokens cut.
    pub truncated: usize,
    /// Dates that are no date.
    pub bad_dates: usize,
    /// Documents and dates of the first of these.
    #[serde(default)]
    pub first_bad_dates: Vec<(String, String)>,
    /// Documents by encoding.
    pub encodings: BTreeMap<String, usize>,
    /// Document-level stances, `none` included.
    pub stances: BTreeMap<Stance, usize>,
    /// Documents by actor, target and stance.
    #[serde(serialize_with = "as_list", deserialize_with = "from_list")]
    pub dyads: BTreeMap<(String, String, Stance), usize>,
}

type DyadCounts = BTreeMap<(String, String, Stance), usize>;

fn as_list<S: Serializer>(dyads: &DyadCounts, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(dyads)
}

fn from_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DyadCounts, D::Error> {
    Ok(Vec::deserialize(deserializer)?.into_iter().collect())
}

impl Tally {
    pub(super) fn reading(&mut self, reading: &Reading) {
        *self.encodings.entry(reading.encoding.name().to_owned()).or_default() += 1;
        if let Some(date) = &reading.bad_date {
            self.bad_dates += 1;
            if self.first_bad_dates.len() < BAD_DATES {
                self.first_bad_dates.push((reading.document.id.clone(), shortened(date)));
            }
        }
    }

    pub(super) fn document(&mut self, labelled: &Labelled) {
        if labelled.linked.mentions.is_empty() {
            self.without_countries += 1;
        } else {
            self.labelled += 1;
        }
        self.passages += labelled.evidence.len();
        self.second_looks += labelled.evidence.iter().filter(|(_, word)| word.alone).count();
        self.truncated += labelled.evidence.iter().filter(|(_, word)| word.truncated).count();
        for row in &labelled.stances {
            *self.stances.entry(row.stance).or_default() += 1;
            if row.stance != Stance::None {
                let dyad = (row.dyad.actor.0.clone(), row.dyad.target.0.clone(), row.stance);
                *self.dyads.entry(dyad).or_default() += 1;
            }
        }
    }

    /// Whether every record that was read is accounted for.
    pub(super) fn adds_up(&self) -> bool {
        self.read == self.labelled + self.without_countries + self.rejected
    }

    /// The commonest stances and the sums, as people read them.
    pub(super) fn show(&self, registry: &Registry, seconds: f64, out: &mut dyn Write) -> io::Result<()> {
        let mut dyads: Vec<_> = self.dyads.iter().collect();
        dyads.sort_by_key(|(dyad, n)| (std::cmp::Reverse(**n), (*dyad).clone()));
        writeln!(out, "{:<24} {:<10} {:<24} {:>9}", "actor", "stance", "target", "documents")?;
        for ((actor, target, stance), n) in dyads.into_iter().take(15) {
            let (actor, target) = (actor.as_str().into(), target.as_str().into());
            writeln!(out, "{:<24} {stance:<10} {:<24} {n:>9}", registry.name(&actor), registry.name(&target))?;
        }
        let count = |s: &Stance| self.stances.get(s).unwrap_or(&0);
        let stances = Stance::POSITIONS.map(|s| format!("{} {s}", count(&s))).join(", ");
        writeln!(out, "\n{} rows: {stances} ({} none)", self.rows, count(&Stance::None))?;
        writeln!(
            out,
            "documents: {} in = {} labelled + {} without countries + {} rejected; {seconds:.1} s, {:.1} documents/s",
            self.read,
            self.labelled,
            self.without_countries,
            self.rejected,
            self.read as f64 / seconds
        )?;
        if self.bad_dates > 0 {
            let first = self.first_bad_dates.iter().map(|(id, date)| format!("{id} {date:?}"));
            let first = first.collect::<Vec<_>>().join(", ");
            let more = if self.bad_dates > self.first_bad_dates.len() { ", …" } else { "" };
            writeln!(
                out,
                "{} documents have a date that is not YYYY-MM-DD; it was left empty: {first}{more}",
                self.bad_dates
            )?;
        }
        for damaged in [Encoding::Damaged, Encoding::Windows1252].map(Encoding::name) {
            if let Some(count) = self.encodings.get(damaged) {
                writeln!(
                    out,
                    "{count} {} read as {damaged}",
                    if *count == 1 { "document was" } else { "documents were" }
                )?;
            }
        }
        Ok(())
    }
}

/// A date for one line of the terminal: the column may be the wrong one and hold articles.
fn shortened(date: &str) -> String {
    match date.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &date[..end]),
        None => date.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_survives_the_disk() {
        let mut tally = Tally { read: 3, ..Tally::default() };
        tally.stances.insert(Stance::Condemn, 2);
        tally.dyads.insert(("PER".into(), "XKX".into(), Stance::Recognize), 1);
        let json = serde_json::to_string(&tally).expect("serializes");
        assert_eq!(serde_json::from_str::<Tally>(&json).expect("reads back"), tally);
    }
}
