//! `review merge`: a stance table and reviewed files in, the merged table, the ledger and the conflicts out.

use super::{read, table, write_json, write_table};
use crate::cli::MergeArgs;
use crate::commands::outputs::{apart, same_file};
use crate::model::folder::sha256;
use crate::output::columns::REVIEW_STANCE;
use crate::review::ledger::{self, Entry};
use crate::review::merge::{Merged, merge};
use crate::review::table::Table;
use crate::review::typed;
use anyhow::{Context, Result, ensure};
use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Merges and tells what became of the rows; `false` if there are conflicts. Nothing is written if a file is refused.
pub(super) fn run(args: &MergeArgs, out: &mut dyn Write) -> Result<bool> {
    let beside = |given: &Option<PathBuf>, name| given.clone().unwrap_or_else(|| args.output.with_file_name(name));
    let ledger_path = beside(&args.ledger, "corrections.jsonl");
    let conflicts_path = beside(&args.conflicts, "conflicts.csv");
    let inputs = || std::iter::once(&args.stances).chain(&args.reviewed);
    for path in [&args.output, &ledger_path].into_iter().chain(&args.json) {
        ensure!(
            !inputs().any(|input| same_file(path, input)),
            "{} is an input and would be overwritten; give the output another name",
            path.display()
        );
    }
    // The conflicts of an earlier merge may be an input: once they are decided, they are not written.
    let outputs = [&args.output, &ledger_path, &conflicts_path].into_iter().chain(&args.json).map(PathBuf::as_path);
    apart(&outputs.collect::<Vec<_>>(), [], "give -o, --ledger, --conflicts and --json names of their own")?;
    let base = table(&args.stances)?;
    let (mut files, mut names) = (Vec::new(), Vec::new());
    for path in &args.reviewed {
        let bytes = read(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        names.push((name, sha256(&bytes)));
        files.push(Table::read(&path.display().to_string(), &bytes)?);
    }
    let merged = merge(&base, &files, args.adjudicator.as_deref())?;
    let conflicts_are_input = inputs().any(|input| same_file(&conflicts_path, input));
    ensure!(
        merged.conflicts.is_empty() || !conflicts_are_input,
        "{} rows are still in conflict and {} is an input; give --conflicts another name",
        merged.conflicts.len(),
        conflicts_path.display()
    );
    ensure!(
        conflicts_are_input || !is_filled(&conflicts_path)?,
        "{} has reviews in review_stance and would be overwritten; merge it too, or give --conflicts another name",
        conflicts_path.display()
    );

    let now = jiff::Timestamp::now().round(jiff::Unit::Second)?.to_string();
    let known = known_entries(&ledger_path)?;
    let new = ledger::additions(&known, &merged.reviews, &base, &names, &now);
    // The ledger first: if the run stops here, the next one adds nothing and writes the table.
    append(&ledger_path, &new).with_context(|| format!("cannot add to {}", ledger_path.display()))?;
    write_table(&args.output, args.excel, &merged.header, &merged.rows)?;
    if !conflicts_are_input {
        let (header, rows) = merged.conflict_table();
        write_table(&conflicts_path, args.excel, &header, &rows)?;
    }
    if let Some(path) = &args.json {
        write_json(path, &merged.summary)?;
    }
    tell(&merged, out)?;
    writeln!(out, "ledger: {}, {} entries and {} new", ledger_path.display(), known.len(), new.len())?;
    if !merged.conflicts.is_empty() {
        writeln!(
            out,
            "conflicts: {}; fill in review_stance and reviewer, and merge it too with --adjudicator NAME",
            conflicts_path.display()
        )?;
    }
    writeln!(out, "merged: {}", args.output.display())?;
    Ok(merged.conflicts.is_empty())
}

fn tell(merged: &Merged, out: &mut dyn Write) -> Result<()> {
    let s = &merged.summary;
    writeln!(
        out,
        "{} rows: {} reviewed, {} untouched ({} of these with a note)",
        s.rows, s.reviewed, s.untouched, s.noted
    )?;
    writeln!(out, "reviewed: {} confirmed, {} corrected, {} in conflict", s.confirmed, s.corrected, s.conflicts)?;
    for (from, to, count) in &s.corrections {
        writeln!(out, "  {from:<10}→ {to:<10}{count:>5}")?;
    }
    Ok(writeln!(out, "machine cells: {} compared, 0 changed", s.compared)?)
}

fn known_entries(path: &Path) -> Result<Vec<Entry>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    Ok(ledger::read(&path.display().to_string(), &text)?)
}

/// Whether someone has filled in the conflicts that an earlier run wrote.
fn is_filled(path: &Path) -> Result<bool> {
    if !path.exists() {
        return Ok(false);
    }
    let Ok(table) = Table::read(&path.display().to_string(), &read(path)?) else { return Ok(false) };
    let review = table.column(REVIEW_STANCE);
    Ok(table.rows.iter().any(|row| !typed::free(row.cell(review)).is_empty()))
}

/// Adds lines to the end of the ledger, after ending its last one, and makes sure that they are on the disk.
fn append(path: &Path, entries: &[Entry]) -> Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    let mut lines = if last == *b"\n" { Vec::new() } else { vec![b'\n'] };
    for entry in entries {
        serde_json::to_writer(&mut lines, entry)?;
        lines.push(b'\n');
    }
    file.write_all(&lines)?;
    Ok(file.sync_all()?)
}
