//! The figures of an evaluation as rows, in CSV and JSON: `metric`, `class`, `subset`, `value`, `low`, `high`.
//!
//! What the metrics mean is `docs/evaluation.md`.

use crate::evaluation::Evaluation;
use crate::metrics::interval::Interval;
use serde::Serialize;
use std::io::Write;

/// One figure of one subset; the columns of the CSV in their order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Name of the figure; `pairs` and `documents` count what the subset holds.
    pub metric: &'static str,
    /// The class that it is about; empty for all together.
    pub class: &'static str,
    /// `all`, `sure`, `actor:RUS`, `words:26-50`.
    pub subset: String,
    /// Empty (null) where undefined.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval, where there is one.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// Every figure of every subset; with `--against`, the comparison too.
pub fn rows(evaluation: &Evaluation) -> Vec<Row> {
    let mut rows = Vec::new();
    for subset in &evaluation.subsets {
        let mut push = |metric, class, value: f64, interval| {
            rows.push(row(metric, class, subset.label(), value, interval));
        };
        push("pairs", "", subset.summary.confusion.total() as f64, None);
        push("documents", "", subset.summary.documents as f64, None);
        for figure in &subset.summary.figures {
            let class = figure.metric.class().map_or("", |c| c.name());
            push(figure.metric.name(), class, figure.value, figure.interval);
        }
    }
    if let Some(against) = &evaluation.against {
        let c = &against.comparison;
        let all = || "all".to_owned();
        rows.push(row("macro_f1_stances_difference", "", all(), c.difference, c.interval));
        rows.push(row("mcnemar_p", "", all(), c.mcnemar.p, None));
    }
    rows
}

fn row(metric: &'static str, class: &'static str, subset: String, value: f64, interval: Option<Interval>) -> Row {
    let (low, high) = (interval.map(|i| i.low), interval.map(|i| i.high));
    Row { metric, class, subset, value: value.is_finite().then_some(value), low, high }
}

/// Writes the rows as CSV.
///
/// # Errors
/// If `out` refuses.
pub fn write_csv(rows: &[Row], out: impl Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["metric", "class", "subset", "value", "low", "high"])?;
    // `Display` writes counts without a point and never an exponent, unlike serde.
    let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
    for row in rows {
        let [value, low, high] = [row.value, row.low, row.high].map(number);
        csv.write_record([row.metric, row.class, &row.subset, &value, &low, &high])?;
    }
    Ok(csv.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::tests::{judged, provenance};
    use crate::stance::Stance;

    #[test]
    fn an_undefined_figure_is_an_empty_cell() {
        let pairs = ["a", "b"].map(|id| judged(id, "USA", 9, Stance::Engage, Stance::Engage, 0.75));
        let evaluation = Evaluation::of(provenance(), &pairs, Some(("other.jsonl".to_owned(), vec![Stance::None; 2])));
        let mut out = Vec::new();
        write_csv(&rows(&evaluation), &mut out).expect("memory takes it");
        let csv = String::from_utf8(out).expect("UTF-8");
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[..3], ["metric,class,subset,value,low,high", "pairs,,all,2,,", "documents,,all,2,,"]);
        assert!(lines.contains(&"accuracy,,all,1,,"), "{csv}");
        assert!(lines.contains(&"recall,recognize,actor:USA,,,"), "{csv}");
        assert!(csv.contains("\nmcnemar_p,,all,0.5"), "{csv}");
    }
}
