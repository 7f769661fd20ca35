//! `demarche review`: `queue` picks rows for people, `merge` takes their files back, `agree` compares them,
//! `passages` makes labelled texts of what they said.

mod agree;
mod merge;
mod passages;
mod queue;

use crate::cli::{ReviewAction, ReviewArgs};
use crate::ingest::compression;
use crate::output::file::Pending;
use crate::review::table::Table;
use anyhow::{Context, Result};
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

/// Runs the command; what it found goes to `out`. `false` if reviewers are in conflict or reviewed rows are
/// not found.
///
/// # Errors
/// If a table cannot be read or written, or a reviewed file does not fit the stance table.
pub fn run(args: &ReviewArgs, out: &mut dyn Write) -> Result<bool> {
    match &args.action {
        ReviewAction::Queue(args) => queue::run(args, out).map(|()| true),
        ReviewAction::Merge(args) => merge::run(args, out),
        ReviewAction::Passages(args) => passages::run(args, out),
        ReviewAction::Agree(args) => agree::run(args, out).map(|()| true),
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = compression::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}

pub(super) fn table(path: &Path) -> Result<Table> {
    Ok(Table::read(&path.display().to_string(), &read(path)?)?)
}

fn tables(paths: &[PathBuf]) -> Result<Vec<Table>> {
    paths.iter().map(|path| table(path)).collect()
}

/// Writes a table; `excel` puts a byte-order mark first.
fn write_table(path: &Path, excel: bool, header: &[String], rows: &[Vec<String>]) -> Result<()> {
    let mut file = Pending::create(path)?;
    if excel {
        file.write_all("\u{feff}".as_bytes())?;
    }
    let mut table = csv::Writer::from_writer(file);
    table.write_record(header)?;
    for row in rows {
        table.write_record(row)?;
    }
    Ok(table.into_inner().map_err(csv::IntoInnerError::into_error)?.finish()?)
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let mut file = Pending::create(path)?;
    serde_json::to_writer_pretty(&mut file, value)?;
    writeln!(file)?;
    Ok(file.finish()?)
}
