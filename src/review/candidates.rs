//! What the queue needs to know of a stance table: what each row says about its own doubt, and what is reviewed already.

use super::habits::truth;
use super::table::{Row, Table, TableError};
use super::typed;
use crate::output::cell::unguard;
use crate::output::columns::{ACTOR, MIXED, NEEDS_REVIEW, PROBABILITIES, REVIEW_STANCE, ROW_ID, STANCE, TARGET};
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// What a row says about its own doubt.
pub(super) struct Candidate<'a> {
    pub(super) row: usize,
    pub(super) actor: &'a str,
    pub(super) dyad: (&'a str, &'a str),
    pub(super) label: &'a str,
    /// Most probable label less the next, 0 to 1: small where the model hesitates (Scheffer, Decomain and Wrobel 2001).
    pub(super) margin: f64,
    pub(super) mixed: bool,
    pub(super) needs_review: bool,
    /// Breaks ties.
    pub(super) lot: u64,
}

/// Actors and targets, without the formula guard.
pub(super) type Dyads<'a> = BTreeSet<(&'a str, &'a str)>;

/// Rows of the table that someone has reviewed, and the dyads of all reviewed rows, those of other tables too.
pub(super) fn reviewed_rows<'a>(
    table: &'a Table,
    reviewed: &'a [Table],
) -> Result<(BTreeSet<usize>, Dyads<'a>), TableError> {
    let (mut ids, mut known) = (BTreeSet::new(), Dyads::new());
    for file in std::iter::once(table).chain(reviewed) {
        let (id, review) = (file.need(ROW_ID)?, file.column(REVIEW_STANCE));
        let dyad = file.column(ACTOR).zip(file.column(TARGET));
        for row in &file.rows {
            let expected = "none, recognize, engage or condemn";
            let said = typed::stance(row.cell(review)).map_err(|cell| file.cell_error(row, &cell, expected))?;
            if said.is_some() {
                ids.insert(row.cell(Some(id)));
                known.extend(dyad.map(|dyad| self::dyad(row, dyad)));
            }
        }
    }
    let (id, of_table) = (table.need(ROW_ID)?, (table.need(ACTOR)?, table.need(TARGET)?));
    let done: BTreeSet<usize> = (0..table.rows.len()).filter(|i| ids.contains(table.rows[*i].cell(Some(id)))).collect();
    known.extend(done.iter().map(|i| dyad(&table.rows[*i], of_table)));
    Ok((done, known))
}

/// Actor and target of a row.
fn dyad(row: &Row, (actor, target): (usize, usize)) -> (&str, &str) {
    (unguard(row.cell(Some(actor))), unguard(row.cell(Some(target))))
}

/// Every row of the table as a candidate, each with its lot.
pub(super) fn candidates<'a>(table: &'a Table, random: &mut ChaCha8Rng) -> Result<Vec<Candidate<'a>>, TableError> {
    let [actor, target, label, mixed, needs_review] =
        [ACTOR, TARGET, STANCE, MIXED, NEEDS_REVIEW].map(|c| table.need(c));
    let (actor, target, label, mixed, needs_review) = (actor?, target?, label?, mixed?, needs_review?);
    let probabilities = PROBABILITIES.map(|column| table.need(column));
    let mut candidates = Vec::with_capacity(table.rows.len());
    for (i, row) in table.rows.iter().enumerate() {
        let mut probs = Vec::with_capacity(4);
        for column in &probabilities {
            let cell = row.cell(Some(column.clone()?));
            let number = typed::plain_number(cell).parse().ok().filter(|p| (0.0..=1.0).contains(p));
            probs.push(number.ok_or_else(|| table.cell_error(row, cell, "a probability, 0 to 1"))?);
        }
        probs.sort_by(f64::total_cmp);
        let flag = |column| {
            let cell = row.cell(Some(column));
            truth(cell).ok_or_else(|| table.cell_error(row, cell, "true or false"))
        };
        let cell = |column| row.cell(Some(column));
        candidates.push(Candidate {
            row: i,
            actor: cell(actor),
            dyad: dyad(row, (actor, target)),
            label: cell(label),
            margin: probs[3] - probs[2],
            mixed: flag(mixed)?,
            needs_review: flag(needs_review)?,
            lot: random.random(),
        });
    }
    Ok(candidates)
}
