//! The stance table: one row a (document, actor, target). Columns are documented in `docs/csv.md`.

use super::cell::guard;
use super::columns::REVIEWER;
use super::marked::marked;
use crate::aggregate::{DocumentStance, Evidence};
use crate::calibrate::Thresholds;
use crate::document::{ByteSpan, Document, Dyad, Mention};
use crate::model::folder::sha256;
use crate::registry::Registry;
use crate::stance::{Stance, StanceProbs};
use std::io::Write;

/// Version of the column list.
pub const SCHEMA: u32 = 1;

/// The columns, in order.
pub const COLUMNS: [&str; 26] = [
    "row_id",
    "doc_id",
    "doc_date",
    "title",
    "actor",
    "actor_name",
    "actor_iso3",
    "target",
    "target_name",
    "target_iso3",
    "stance",
    "confidence",
    "p_recognize",
    "p_engage",
    "p_condemn",
    "p_none",
    "n_passages",
    "mixed",
    "needs_review",
    "truncated",
    "evidence",
    "evidence_start",
    "evidence_end",
    "source",
    "review_stance",
    "review_note",
];
pub(super) const CODE_COLUMNS: [&str; 6] =
    ["actor_iso2", "actor_cow", "actor_gw", "target_iso2", "target_cow", "target_gw"];

/// Writes stance tables.
pub struct StanceWriter<'a, W: Write> {
    csv: csv::Writer<W>,
    registry: &'a Registry,
    thresholds: Thresholds,
    codes: bool,
}

impl<'a, W: Write> StanceWriter<'a, W> {
    /// Starts a table: `excel` puts a byte-order mark first, `codes` adds further country codes.
    ///
    /// # Errors
    /// If `out` refuses.
    pub fn new(
        mut out: W,
        registry: &'a Registry,
        thresholds: Thresholds,
        excel: bool,
        codes: bool,
    ) -> csv::Result<Self> {
        if excel {
            out.write_all("\u{feff}".as_bytes())?;
        }
        let mut table = Self::resume(out, registry, thresholds, codes);
        let mut header: Vec<&str> = COLUMNS.to_vec();
        header.push(REVIEWER);
        if codes {
            header.extend(CODE_COLUMNS);
        }
        table.csv.write_record(header)?;
        Ok(table)
    }

    /// Goes on with a table that has its header and some rows.
    pub fn resume(out: W, registry: &'a Registry, thresholds: Thresholds, codes: bool) -> Self {
        Self { csv: csv::Writer::from_writer(out), registry, thresholds, codes }
    }

    /// The file, with all rows so far handed to it.
    ///
    /// # Errors
    /// If the file refuses.
    pub fn flushed(&mut self) -> std::io::Result<&W> {
        self.csv.flush()?;
        Ok(self.csv.get_ref())
    }

    /// One document-level row.
    ///
    /// # Errors
    /// If the file refuses.
    pub fn stance(&mut self, document: &Document, mentions: &[Mention], row: &DocumentStance) -> csv::Result<()> {
        let counts = (row.passages, row.mixed, row.truncated);
        self.row(document, mentions, &row.dyad, row.stance, row.probs, counts, row.best.sentence)
    }

    /// One passage-level row.
    ///
    /// # Errors
    /// If the file refuses.
    pub fn passage(
        &mut self,
        document: &Document,
        mentions: &[Mention],
        dyad: &Dyad,
        word: &Evidence,
    ) -> csv::Result<()> {
        self.row(document, mentions, dyad, word.probs.best(), word.probs, (1, false, word.truncated), word.sentence)
    }

    #[expect(clippy::too_many_arguments, reason = "one private function lays out the columns of both tables")]
    fn row(
        &mut self,
        document: &Document,
        mentions: &[Mention],
        dyad: &Dyad,
        stance: Stance,
        probs: StanceProbs,
        (passages, mixed, truncated): (usize, bool, bool),
        sentence: ByteSpan,
    ) -> csv::Result<()> {
        let confidence = probs.get(stance);
        let iso3 = |id| self.registry.polities.get(id).map_or("", |p| p.iso3.as_str());
        let review = self.thresholds.needs_review(stance, probs, mixed);
        let p = |s: Stance| format!("{:.4}", probs.get(s));
        let mut cells = vec![
            row_id(document, dyad, sentence),
            guard(&document.id),
            document.date.map(|d| d.to_string()).unwrap_or_default(),
            guard(&document.title),
            guard(&dyad.actor.0),
            guard(self.registry.name(&dyad.actor)),
            iso3(&dyad.actor).to_owned(),
            guard(&dyad.target.0),
            guard(self.registry.name(&dyad.target)),
            iso3(&dyad.target).to_owned(),
            stance.name().to_owned(),
            format!("{confidence:.4}"),
            p(Stance::Recognize),
            p(Stance::Engage),
            p(Stance::Condemn),
            p(Stance::None),
            passages.to_string(),
            mixed.to_string(),
            review.to_string(),
            truncated.to_string(),
            guard(&marked(&document.text, sentence, mentions, dyad)),
            sentence.start().to_string(),
            sentence.end().to_string(),
            guard(&document.source),
            String::new(),
            String::new(),
            String::new(),
        ];
        if self.codes {
            for id in [&dyad.actor, &dyad.target] {
                let polity = self.registry.polities.get(id);
                cells.extend([
                    polity.map_or_else(String::new, |p| p.iso2.clone()),
                    polity.map_or_else(String::new, |p| p.cow.clone()),
                    polity.map_or_else(String::new, |p| p.gw.clone()),
                ]);
            }
        }
        self.csv.write_record(cells)
    }

    /// Flushes and hands the file back.
    ///
    /// # Errors
    /// If the file refuses.
    pub fn finish(self) -> std::io::Result<W> {
        self.csv.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// Identity of a row by content: document, text, dyad and sentence; a letter first.
pub fn row_id(document: &Document, dyad: &Dyad, sentence: ByteSpan) -> String {
    let place = format!("{}..{}", sentence.start(), sentence.end());
    let parts = [&document.id, &document.text, &dyad.actor.0, &dyad.target.0, &place];
    let joined = parts.map(|p| format!("{}:{p}", p.len())).concat();
    format!("r{}", &sha256(joined.as_bytes())[..16])
}
