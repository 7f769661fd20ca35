//! The columns that readers of a stance table ask for by name, and who fills each in. Their order is in [`super::stances`].

use super::stances::{CODE_COLUMNS, COLUMNS};

/// Identity of a row by content.
pub const ROW_ID: &str = "row_id";
/// Identity of the document.
pub const DOC_ID: &str = "doc_id";
/// Registry id of who takes the stance.
pub const ACTOR: &str = "actor";
/// Registry id of the polity toward which it is taken.
pub const TARGET: &str = "target";
/// The model's label.
pub const STANCE: &str = "stance";
/// Its probabilities, in the order of [`crate::stance::Stance::ALL`].
pub const PROBABILITIES: [&str; 4] = ["p_none", "p_recognize", "p_engage", "p_condemn"];
/// The sentence, actor and target in brackets.
pub const EVIDENCE: &str = "evidence";
/// Whether passages disagree.
pub const MIXED: &str = "mixed";
/// Whether the label is below its threshold, or mixed.
pub const NEEDS_REVIEW: &str = "needs_review";

/// The stance as a person sees it.
pub const REVIEW_STANCE: &str = "review_stance";
/// What the person has to say about it.
pub const REVIEW_NOTE: &str = "review_note";
/// Who that is; several names are separated by `; `.
pub const REVIEWER: &str = "reviewer";
/// The columns that people fill in.
pub const REVIEW: [&str; 3] = [REVIEW_STANCE, REVIEW_NOTE, REVIEWER];

/// Why a row stands in a queue.
pub const QUEUE_REASON: &str = "queue_reason";
/// With which probability the row was drawn into the audit; empty for a row that was picked.
pub const SAMPLE_PROB: &str = "sample_prob";

/// The opinions on a row in conflict; only the file of conflicts has it, and no table takes it over.
pub const OPINIONS: &str = "opinions";

/// What the cells of a column are, for formats that tell numbers from text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, ids, codes, labels, ISO dates.
    Text,
    /// A decimal number.
    Decimal,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Truth,
}

/// The kind of a column; columns that people added are text.
pub fn kind(column: &str) -> Kind {
    match column {
        "confidence" | SAMPLE_PROB => Kind::Decimal,
        p if PROBABILITIES.contains(&p) => Kind::Decimal,
        "n_passages" | "evidence_start" | "evidence_end" => Kind::Integer,
        MIXED | NEEDS_REVIEW | "truncated" => Kind::Truth,
        _ => Kind::Text,
    }
}

/// Whether the program fills in this column of a stance table.
pub fn is_machine(column: &str) -> bool {
    (COLUMNS.contains(&column) || CODE_COLUMNS.contains(&column)) && !REVIEW.contains(&column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stance::Stance;

    #[test]
    fn every_name_is_a_column_of_the_table_and_the_reviews_belong_to_people() {
        for column in [ROW_ID, DOC_ID, ACTOR, TARGET, STANCE, MIXED, NEEDS_REVIEW].iter().chain(&PROBABILITIES) {
            assert!(COLUMNS.contains(column) && is_machine(column), "{column}");
        }
        assert!(!REVIEW.iter().chain(&[QUEUE_REASON, SAMPLE_PROB]).any(|column| is_machine(column)));
        assert_eq!(PROBABILITIES, Stance::ALL.map(|s| format!("p_{s}")));
    }
}
