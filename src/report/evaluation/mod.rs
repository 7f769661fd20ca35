//! The evaluation as one page to publish: `page.html`, filled, everything inline, nothing fetched.
//!
//! Decides how numbers are written and what is shown first; computes none. Text is escaped by the template.

mod charts;

use crate::document::PolityId;
use crate::evaluation::{Against, Evaluation, Group, Judged, Provenance, Subset};
use crate::metrics::interval::Interval;
use crate::metrics::summary::{Figure, Metric};
use crate::output::marked::Role;
use crate::registry::Registry;
use crate::stance::Stance;
use askama::Template;

pub use charts::ChartError;

/// The page cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A chart.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The template.
    #[error("page template: {0}")]
    Template(#[from] askama::Error),
}

/// Errors listed on the page.
pub const ERRORS: usize = 25;

/// Renders the page; `errors` are shown as they come, names of polities are taken from `registry`.
///
/// # Errors
/// If a chart or the template fails, which no input should bring about.
pub fn render(evaluation: &Evaluation, errors: &[&Judged], registry: &Registry) -> Result<String, ReportError> {
    let overall = || evaluation.group(Group::Overall);
    let page = Page {
        provenance: &evaluation.provenance,
        columns: overall().map(heading).collect(),
        headline: Metric::overall().map(|metric| headline(metric, overall())).collect(),
        against: evaluation.against.as_ref().map(Versus::new),
        classes: overall().map(Classes::new).collect(),
        reliability: charts::reliability(&evaluation.reliability)?,
        risk_coverage: charts::risk_coverage(&evaluation.risk_coverage)?,
        breakdowns: [
            ("By actor", "actor", breakdown(evaluation.group(Group::Actor), registry)),
            ("By length of the text", "words", breakdown(evaluation.group(Group::Length), registry)),
        ],
        errors: errors.iter().map(|j| Wrong::new(j, registry)).collect(),
    };
    Ok(page.render()?)
}

#[derive(Template)]
#[template(path = "evaluation/page.html", config = "src/report/askama.toml")]
struct Page<'a> {
    provenance: &'a Provenance,
    columns: Vec<String>,
    headline: Vec<(&'static str, Vec<Cell>)>,
    against: Option<Versus<'a>>,
    classes: Vec<Classes>,
    reliability: String,
    risk_coverage: String,
    breakdowns: [(&'static str, &'static str, Vec<Breakdown>); 2],
    errors: Vec<Wrong<'a>>,
}

/// A figure as it is printed: the value, and the interval or nothing.
struct Cell {
    value: String,
    range: String,
}

impl Cell {
    fn new(figure: &Figure) -> Self {
        let value = if figure.value.is_finite() { format!("{:.3}", figure.value) } else { "–".to_owned() };
        Self { value, range: range(figure.interval) }
    }
}

/// `[0.700, 0.800]`, or nothing.
pub(crate) fn range(interval: Option<Interval>) -> String {
    interval.map_or_else(String::new, |i| format!("[{:.3}, {:.3}]", i.low, i.high))
}

/// `= 0.0123`, or `< 0.0001` for less.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { format!("= {p:.4}") }
}

fn heading(subset: &Subset) -> String {
    format!("{} pairs ({} in {} documents)", subset.name, subset.summary.confusion.total(), subset.summary.documents)
}

fn headline<'a>(metric: Metric, subsets: impl Iterator<Item = &'a Subset>) -> (&'static str, Vec<Cell>) {
    (metric.title(), subsets.map(|s| Cell::new(s.summary.figure(metric))).collect())
}

/// The comparison as it is printed.
struct Versus<'a> {
    path: &'a str,
    first: String,
    second: String,
    difference: String,
    range: String,
    only_first: u64,
    only_second: u64,
    p: String,
    form: &'static str,
}

impl<'a> Versus<'a> {
    fn new(against: &'a Against) -> Self {
        let c = &against.comparison;
        Self {
            path: &against.path,
            first: format!("{:.3}", c.first),
            second: format!("{:.3}", c.second),
            difference: format!("{:+.3}", c.difference),
            range: range(c.interval),
            only_first: c.mcnemar.only_first,
            only_second: c.mcnemar.only_second,
            p: p_value(c.mcnemar.p),
            form: if c.mcnemar.exact { "exact" } else { "chi-square, continuity-corrected" },
        }
    }
}

/// Scores by class and the confusion matrix of one subset.
struct Classes {
    title: String,
    rows: Vec<ClassRow>,
    confusion: Vec<ConfusionRow>,
}

struct ClassRow {
    class: Stance,
    scores: [Cell; 3],
    support: usize,
    predicted: usize,
}

struct ConfusionRow {
    gold: Stance,
    /// Count, and depth of the shade: its share of the row, at most 0.5 to keep the number legible.
    cells: Vec<(usize, String)>,
}

impl Classes {
    fn new(subset: &Subset) -> Self {
        let summary = &subset.summary;
        let row = |class| {
            let score = summary.confusion.class(class);
            let scores = [Metric::Precision(class), Metric::Recall(class), Metric::F1(class)]
                .map(|m| Cell::new(summary.figure(m)));
            ClassRow { class, scores, support: score.support, predicted: score.predicted }
        };
        let confusion = |gold: Stance| {
            let counts = summary.confusion.0[gold.index()];
            let whole = counts.iter().sum::<usize>().max(1) as f64;
            ConfusionRow { gold, cells: counts.map(|n| (n, format!("{:.2}", n as f64 / whole / 2.0))).to_vec() }
        };
        Self {
            title: heading(subset),
            rows: Stance::ALL.into_iter().map(row).collect(),
            confusion: Stance::ALL.into_iter().map(confusion).collect(),
        }
    }
}

/// Columns of a breakdown. Not macro-F1, which few rows would have: most hold no `recognize`.
const BREAKDOWN: [Metric; 4] =
    [Metric::Accuracy, Metric::F1(Stance::Recognize), Metric::F1(Stance::Engage), Metric::F1(Stance::Condemn)];

/// A row of a breakdown.
struct Breakdown {
    name: String,
    pairs: usize,
    stances: usize,
    /// In the order of [`BREAKDOWN`].
    scores: [Cell; 4],
}

fn breakdown<'a>(subsets: impl Iterator<Item = &'a Subset>, registry: &Registry) -> Vec<Breakdown> {
    let row = |subset: &Subset| Breakdown {
        name: registry.name(&PolityId(subset.name.clone())).to_owned(),
        pairs: subset.summary.confusion.total(),
        stances: Stance::POSITIONS.iter().map(|s| subset.summary.confusion.class(*s).support).sum(),
        scores: BREAKDOWN.map(|m| Cell::new(subset.summary.figure(m))),
    };
    subsets.map(row).collect()
}

/// A wrong prediction as it is printed.
struct Wrong<'a> {
    id: &'a str,
    actor: &'a str,
    target: &'a str,
    gold: Stance,
    sure: bool,
    prediction: Stance,
    confidence: String,
    gold_probability: String,
    pieces: Vec<Piece<'a>>,
}

struct Piece<'a> {
    /// Class of the style sheet; empty for plain text.
    class: &'static str,
    open: &'static str,
    text: &'a str,
    close: &'static str,
}

impl<'a> Wrong<'a> {
    fn new(judged: &'a Judged, registry: &'a Registry) -> Self {
        let prediction = judged.probs.best();
        let piece = |(role, text): &'a (Role, String)| {
            let (open, close) = role.brackets();
            let class = match role {
                Role::Text => "",
                Role::Actor => "actor",
                Role::Target => "target",
            };
            Piece { class, open, text, close }
        };
        Self {
            id: &judged.id,
            actor: registry.name(&judged.dyad.actor),
            target: registry.name(&judged.dyad.target),
            gold: judged.gold,
            sure: judged.sure,
            prediction,
            confidence: format!("{:.3}", judged.probs.get(prediction)),
            gold_probability: format!("{:.3}", judged.probs.get(judged.gold)),
            pieces: judged.text.iter().map(piece).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::tests::{judged, provenance};
    use crate::evaluation::worst_errors;

    #[test]
    fn the_page_escapes_text_names_figures_and_fetches_nothing() {
        let pairs = [
            judged("a<b>", "USA", 9, Stance::None, Stance::Engage, 0.75),
            judged("b", "#NOWHERE", 9, Stance::Condemn, Stance::Condemn, 0.9),
        ];
        let against = Some(("other.jsonl".to_owned(), vec![Stance::None, Stance::Condemn]));
        let evaluation = Evaluation::of(provenance(), &pairs, against);
        let registry = Registry::embedded().expect("the embedded registry loads");
        let page = render(&evaluation, &worst_errors(&pairs, ERRORS), &registry).expect("rendered");
        assert!(page.contains("a&#60;b&#62;") && page.contains(" &#60;met&#62; ") && !page.contains("<met>"));
        for shown in
            ["United States", "#NOWHERE", "[[USA]]", "{{Peru}}", "0.750", "Brier score", "other.jsonl", "= 1.0000"]
        {
            assert!(page.contains(shown), "{shown} is missing");
        }
        for fetched in ["http", "src=", "<script", "<link", "url(", "@import"] {
            assert!(!page.contains(fetched), "{fetched}");
        }
    }
}
