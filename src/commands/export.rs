//! `demarche export`: a stance table in, the same rows for another tool out.

use super::outputs::same_file;
use super::review::table;
use crate::cli::ExportArgs;
use crate::export::{Format, parquet::write_parquet, write_json};
use crate::output::file::Pending;
use anyhow::{Result, ensure};
use std::io::Write;

/// Writes the file and says how many rows it has.
///
/// # Errors
/// If the table cannot be read, a cell is not what its column should hold, or the file cannot be written.
pub fn run(args: &ExportArgs, out: &mut dyn Write) -> Result<()> {
    let output = &args.output;
    ensure!(
        !same_file(output, &args.stances),
        "{} would overwrite its own input; give -o another name",
        output.display()
    );
    let stances = table(&args.stances)?;
    let mut file = Pending::create(output)?;
    match args.format {
        Format::Parquet => write_parquet(&stances, &mut file)?,
        format => write_json(&stances, format, &mut file)?,
    }
    file.finish()?;
    Ok(writeln!(out, "{} rows: {}", stances.rows.len(), output.display())?)
}
