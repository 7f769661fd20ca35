//! What `demarche evaluate` prints on the terminal.

use crate::evaluation::{Evaluation, Group};
use crate::metrics::classification::Confusion;
use crate::metrics::review::Parted;
use crate::metrics::summary::{Figure, Metric};
use crate::report::evaluation::{p_value, range};
use crate::stance::Stance;
use std::io::{Result, Write};

/// Prints one confusion matrix with its figures.
pub(super) fn table(title: &str, confusion: &Confusion, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{title}: {}", confusion.total())?;
    writeln!(out, "  {:<10} {:>9} {:>9} {:>9} {:>8}", "stance", "precision", "recall", "F1", "support")?;
    for stance in Stance::ALL {
        let c = confusion.class(stance);
        writeln!(out, "  {stance:<10} {:>9.3} {:>9.3} {:>9.3} {:>8}", c.precision, c.recall, c.f1, c.support)?;
    }
    writeln!(
        out,
        "  macro-F1 {:.4} over four, {:.4} over the three stances; accuracy {:.4}",
        confusion.macro_f1(&Stance::ALL),
        confusion.macro_f1(&Stance::POSITIONS),
        confusion.accuracy()
    )?;
    writeln!(out, "  confusion (rows gold)  {}", Stance::ALL.map(|s| format!("{s:>10}")).join(""))?;
    for gold in Stance::ALL {
        let cells = confusion.0[gold.index()].map(|n| format!("{n:>10}")).join("");
        writeln!(out, "  {gold:<22} {cells}")?;
    }
    writeln!(out)
}

/// Prints the overall figures with their intervals, a column a subset.
pub(super) fn intervals(evaluation: &Evaluation, out: &mut dyn Write) -> Result<()> {
    let bootstrap = evaluation.provenance.bootstrap;
    let subsets: Vec<_> = evaluation.group(Group::Overall).collect();
    let line = |head: &str, cells: Vec<String>| {
        let cells = cells.into_iter().map(|cell| format!(" {cell:<23}")).collect::<Vec<_>>().concat();
        format!("{head:<27}{}", cells.trim_end())
    };
    writeln!(out, "{}", line("with 95 % intervals", subsets.iter().map(|s| format!("{} pairs", s.name)).collect()))?;
    for metric in Metric::overall() {
        let cell = |figure: &Figure| {
            let value = if figure.value.is_finite() { format!("{:.3}", figure.value) } else { "-".to_owned() };
            format!("{value} {}", range(figure.interval))
        };
        let cells = subsets.iter().map(|s| cell(s.summary.figure(metric))).collect();
        writeln!(out, "{}", line(&format!("  {}", metric.title()), cells))?;
    }
    let documents = subsets.first().map_or(0, |s| s.summary.documents);
    let (resamples, seed) = (bootstrap.resamples, bootstrap.seed);
    writeln!(out, "  intervals: {resamples} resamples of {documents} documents, seed {seed}")
}

/// Prints what the review thresholds for `precision` do.
pub(super) fn review(precision: f64, parted: &[Parted], out: &mut dyn Write) -> Result<()> {
    let rate = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), |r| format!("{r:.3}"));
    writeln!(out, "\nreview thresholds for a precision of {precision:.2}")?;
    writeln!(
        out,
        "  {:<10} {:>9} {:>14} {:>9} {:>15}",
        "stance", "threshold", "kept of claims", "precision", "of those below"
    )?;
    for p in parted {
        let kept = format!("{} of {}", p.kept, p.claims);
        let (above, below) = (rate(p.precision_kept), rate(p.precision_review));
        writeln!(out, "  {:<10} {:>9.3} {kept:>14} {above:>9} {below:>15}", p.stance, p.threshold)?;
    }
    Ok(())
}

/// Prints the comparison of `--against`; nothing without one.
pub(super) fn comparison(evaluation: &Evaluation, out: &mut dyn Write) -> Result<()> {
    let Some(against) = &evaluation.against else { return Ok(()) };
    let (c, test) = (&against.comparison, &against.comparison.mcnemar);
    writeln!(out, "\nagainst {} on the same {} pairs", against.path, c.pairs)?;
    writeln!(
        out,
        "  macro-F1 over the three stances {:.4} - {:.4} = {:+.4} {}",
        c.first,
        c.second,
        c.difference,
        range(c.interval)
    )?;
    let form = if test.exact { "exact" } else { "chi-square" };
    let (first, second) = (test.only_first, test.only_second);
    writeln!(out, "  right here only {first}, there only {second}: McNemar ({form}) p {}", p_value(test.p))
}
