//! `review queue`: a stance table in, the rows worth a person's time out.

use super::{table, tables, write_table};
use crate::cli::QueueArgs;
use crate::commands::outputs::same_file;
use crate::output::columns::{QUEUE_REASON, SAMPLE_PROB};
use crate::review::JOINT;
use crate::review::queue::{Queue, Reason, Settings, fill};
use anyhow::{Result, ensure};
use std::io::Write;

/// Writes the queue and tells what is in it.
pub(super) fn run(args: &QueueArgs, out: &mut dyn Write) -> Result<()> {
    let (output, input) = (&args.output, args.stances.display());
    for path in std::iter::once(&args.stances).chain(&args.exclude) {
        ensure!(!same_file(output, path), "{} would overwrite its own input; give -o another name", output.display());
    }
    let stances = table(&args.stances)?;
    let settings = Settings { rows: args.n, audit: args.audit, per_country: args.per_country, seed: args.seed };
    let queue = fill(&stances, &tables(&args.exclude)?, &settings)?;
    ensure!(queue.frame > 0, "{input} has no row that nobody has reviewed: there is nothing to queue");

    // A table that came from an earlier queue has these columns; the new reasons replace the old.
    let old: Vec<usize> = [QUEUE_REASON, SAMPLE_PROB].iter().filter_map(|column| stances.column(column)).collect();
    let without = |cells: &[String]| -> Vec<String> {
        cells.iter().enumerate().filter(|(i, _)| !old.contains(i)).map(|(_, cell)| cell.clone()).collect()
    };
    let mut header = without(&stances.header);
    header.extend([QUEUE_REASON, SAMPLE_PROB].map(str::to_owned));
    let rows: Vec<Vec<String>> = queue
        .rows
        .iter()
        .map(|queued| {
            let mut cells = without(&stances.rows[queued.row].cells);
            cells.push(queued.reasons.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(JOINT));
            cells.push(queued.sample_prob.map_or_else(String::new, |p| p.to_string()));
            cells
        })
        .collect();
    write_table(output, args.excel, &header, &rows)?;
    tell(&queue, args, out)
}

fn tell(queue: &Queue, args: &QueueArgs, out: &mut dyn Write) -> Result<()> {
    let count = |reason| queue.rows.iter().filter(|q| q.reasons.contains(&reason)).count();
    writeln!(
        out,
        "{} of {} rows that nobody has reviewed; a row may have several reasons",
        queue.rows.len(),
        queue.frame
    )?;
    for reason in Reason::ALL {
        writeln!(out, "  {:<13}{:>5}", reason.name(), count(reason))?;
    }
    if let Some(p) = queue.rows.iter().find_map(|q| q.sample_prob) {
        let (size, frame) = (count(Reason::Audit), queue.frame);
        writeln!(out, "audit: {size} of {frame} rows, each drawn with probability {p:.6}, seed {}", args.seed)?;
        if queue.known > 0 {
            writeln!(
                out,
                "  it does not stand for the {} rows reviewed before: for the totals of `evaluate --estimate`, draw from the \
                 table as `label` wrote it",
                queue.known
            )?;
        }
    }
    Ok(writeln!(out, "queue: {}", args.output.display())?)
}
