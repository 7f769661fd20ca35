//! Finding polities in text: `detect` finds every alias, `link` decides what each one names, or rejects it with a reason.
//!
//! Knows no tokens and no model. The tables come from `registry`.

mod detect;
mod link;

pub use detect::{Candidate, Detector};
pub use link::{Linked, Reason, Rejected};
