//! `demarche evaluate --estimate`: bias-corrected totals of a merged stance table with an audit.

use super::review::table;
use crate::cli::EvaluateArgs;
use crate::metrics::estimate::LEAST;
use crate::output::file::Pending;
use crate::review::totals::{Total, Totals, totals};
use crate::stance::Stance;
use anyhow::Result;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Lines that are printed at most; files hold all.
const LINES: usize = 40;

/// Runs the estimate on the table at `path`.
///
/// # Errors
/// If the table cannot be read, has no reviewed audit, or a file cannot be written.
pub(super) fn run(path: &Path, args: &EvaluateArgs, out: &mut dyn Write) -> Result<()> {
    let found = totals(&table(path)?, args.by, args.period)?;
    if let Some(path) = &args.csv {
        let mut csv = csv::Writer::from_writer(Pending::create(path)?);
        csv.write_record([
            "group", "period", "stance", "rows", "labelled", "reviewed", "share", "low", "high", "count",
        ])?;
        for total in &found.totals {
            csv.write_record(cells(total))?;
        }
        csv.into_inner().map_err(csv::IntoInnerError::into_error)?.finish()?;
    }
    if let Some(path) = &args.json {
        let mut file = Pending::create(path)?;
        serde_json::to_writer_pretty(&mut file, &found)?;
        writeln!(file)?;
        file.finish()?;
    }
    print(&found, out)
}

fn cells(total: &Total) -> [String; 10] {
    let e = &total.estimate;
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| format!("{x:.4}"));
    [
        crate::output::cell::guard(&total.group),
        total.period.clone(),
        total.stance.to_string(),
        e.rows.to_string(),
        e.labelled.to_string(),
        e.reviewed.to_string(),
        number(e.share),
        number(e.interval.map(|i| i.low)),
        number(e.interval.map(|i| i.high)),
        e.share.map_or_else(String::new, |s| format!("{:.1}", s * e.rows as f64)),
    ]
}

fn print(found: &Totals, out: &mut dyn Write) -> Result<()> {
    let Totals { drawn, reviewed, .. } = found;
    writeln!(out, "audit: {drawn} rows drawn, {reviewed} of them reviewed")?;
    if reviewed < drawn {
        writeln!(
            out,
            "  what was drawn and not reviewed may differ from the rest: review all of it before you publish"
        )?;
    }
    if !found.has_none {
        writeln!(
            out,
            "  the table has no row labelled none: stances that the model overlooked are not in these totals"
        )?;
        writeln!(out, "  (label with --include-none to draw the audit from all pairs)")?;
    }
    writeln!(
        out,
        "\n{:<16} {:<9} {:<10} {:>7} {:>9} {:>9}  {:<25} count",
        "group", "period", "stance", "rows", "labelled", "reviewed", "share [95 % interval]"
    )?;
    let shown = |t: &&Total| t.estimate.share.is_some() && (t.stance != Stance::None || found.has_none);
    let mut all: Vec<&Total> = found.totals.iter().filter(shown).collect();
    let count = all.len();
    // The largest groups first, each from its first period to its last.
    let mut size: BTreeMap<&str, usize> = BTreeMap::new();
    for total in &all {
        *size.entry(&total.group).or_default() += total.estimate.rows;
    }
    all.sort_by(|a, b| size[b.group.as_str()].cmp(&size[a.group.as_str()]).then_with(|| a.group.cmp(&b.group)));
    for total in all.into_iter().take(LINES) {
        let e = &total.estimate;
        let share = e.share.unwrap_or_default();
        let rows = e.rows as f64;
        let (range, counts) = match e.interval {
            Some(i) => (
                format!("[{:.3}, {:.3}]", i.low, i.high),
                format!("{:.0} [{:.0}, {:.0}]", share * rows, i.low * rows, i.high * rows),
            ),
            None => ("(too few cases reviewed)".to_owned(), format!("{:.0}", share * rows)),
        };
        writeln!(
            out,
            "{:<16} {:<9} {:<10} {:>7} {:>9} {:>9}  {:<25} {counts}",
            total.group,
            total.period,
            total.stance,
            e.rows,
            e.labelled,
            e.reviewed,
            format!("{share:.3} {range}")
        )?;
    }
    if count > LINES {
        writeln!(out, "… and {} lines more; --csv and --json write all", count - LINES)?;
    }
    // Each group once.
    let groups = || found.totals.iter().filter(|t| t.stance == Stance::None && t.estimate.share.is_none());
    let unseen = groups().filter(|t| t.estimate.reviewed == 0).count();
    let few = groups().count() - unseen;
    if unseen + few > 0 {
        writeln!(
            out,
            "groups without totals: {unseen} have no reviewed row, {few} have fewer than {LEAST}; a larger audit or wider \
             groups give them some"
        )?;
    }
    Ok(())
}
