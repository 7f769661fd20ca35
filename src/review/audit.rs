//! Whether the rows of an audit stand for the table they are in: one draw, reviewed, and as many rows as it was drawn from.
//! What is estimated from them is left to `totals`, drawing to `queue`.

/// An audit does not stand for its table.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AuditError {
    /// Nothing was drawn and reviewed.
    #[error(
        "{0} has no audit row with a review: draw one with `demarche review queue`, fill in review_stance, and take it back \
         with `demarche review merge`"
    )]
    Nothing(String),
    /// Rows of several audits: each stands for other rows.
    #[error(
        "{name} holds rows of several audits, drawn with probabilities {}: estimate from the table of the first audit, \
         merged without the files of the later ones",
        probabilities.join(" and ")
    )]
    Rounds {
        /// The table.
        name: String,
        /// As they stand in `sample_prob`, each once.
        probabilities: Vec<String>,
    },
    /// The audit stands for other rows than the table has.
    #[error(
        "{name}: its {drawn} audit rows, drawn with probability {probability}, stand for {} rows, and it has {rows} (each \
         row_id once). {}",
        (stands_for * 10.0).round() / 10.0,
        way_out(*stands_for, *rows)
    )]
    Frame {
        /// The table.
        name: String,
        /// Rows with a `sample_prob`.
        drawn: usize,
        /// That of all of them.
        probability: f64,
        /// The sum of its reciprocals.
        stands_for: f64,
        /// Distinct rows of the table.
        rows: usize,
    },
}

/// How far `drawn / sample_prob` may be off, as a share: a queue draws a fixed number of rows and writes six digits.
const ROUNDING: f64 = 6e-6;

const fn way_out(stands_for: f64, rows: usize) -> &'static str {
    if stands_for < rows as f64 {
        "If audit rows were deleted from a reviewed file, take the queue as it was drawn back too: `demarche review merge \
         STANCES REVIEWED QUEUE`. If other rows had been reviewed before the audit was drawn, it does not stand for them: \
         draw one from the table as `demarche label` wrote it. If a program has cut sample_prob, restore its six digits"
    } else {
        "If rows were taken out of the table, estimate from all of them, grouped with --by. If several audits were drawn \
         with this probability, estimate from the table of the first, merged without the files of the later ones. If a \
         program has cut sample_prob, restore its six digits"
    }
}

/// Checks an audit of `reviewed` answers whose rows were drawn with the probabilities `drawn`, in a table of `rows` distinct
/// rows.
pub(super) fn check(name: &str, drawn: &[f64], reviewed: usize, rows: usize) -> Result<(), AuditError> {
    let mut probabilities = drawn.to_vec();
    probabilities.sort_by(f64::total_cmp);
    probabilities.dedup();
    let probability = match *probabilities {
        [probability] if reviewed > 0 => probability,
        [] | [_] => return Err(AuditError::Nothing(name.to_owned())),
        _ => {
            let probabilities = probabilities.iter().map(f64::to_string).collect();
            return Err(AuditError::Rounds { name: name.to_owned(), probabilities });
        }
    };
    let stands_for = drawn.len() as f64 / probability;
    if (stands_for - rows as f64).abs() > ROUNDING * rows as f64 {
        return Err(AuditError::Frame { name: name.to_owned(), drawn: drawn.len(), probability, stands_for, rows });
    }
    Ok(())
}
