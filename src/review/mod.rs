//! The analysts' loop: which rows to look at, what people made of them, and how far they agree. `docs/review.md` tells it
//! from their side.
//!
//! Pure: bytes of tables in, values out. Opening, writing and printing is left to `commands::review`, the names of the
//! columns to `output::columns`, the figures to `metrics::agreement`.

pub mod agreement;
pub mod audit;
mod candidates;
pub mod check;
pub mod habits;
mod layout;
pub mod ledger;
pub mod merge;
pub mod passages;
pub mod queue;
pub mod ratings;
pub mod table;
pub mod totals;
pub mod typed;
mod verdict;

/// Joins names, notes and reasons in one cell.
pub const JOINT: &str = "; ";
