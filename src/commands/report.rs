//! `demarche report`: a stance table as one page to read and to review in.

use super::outputs::same_file;
use super::review::read;
use crate::cli::ReportArgs;
use crate::output::file::Pending;
use crate::output::table::StanceTable;
use crate::report::stances::Page;
use anyhow::{Context, Result, ensure};
use std::io::Write;

/// Runs the command; says on `out` what was written.
///
/// # Errors
/// If the table cannot be read or is none, the target is not in it, or the page cannot be written.
pub fn run(args: &ReportArgs, out: &mut dyn Write) -> Result<bool> {
    let path = args.table.display();
    let bytes = read(&args.table).with_context(|| format!("stance table {path}"))?;
    ensure!(
        !same_file(&args.output, &args.table),
        "{path} is the table itself; name another file for the page with -o"
    );
    let table = StanceTable::parse(&bytes).with_context(|| format!("stance table {path}"))?;
    let target = args.target.as_deref().map(|name| table.target(name)).transpose();
    let target = target.with_context(|| format!("stance table {path}"))?;
    let name = args.table.file_name().unwrap_or(args.table.as_os_str()).to_string_lossy();
    let page = Page::new(&table, &name, args.title.as_deref(), target.as_deref());
    let mut file = Pending::create(&args.output)?;
    page.write(&mut file)?;
    file.finish()?;
    writeln!(out, "report: {} ({} rows)", args.output.display(), table.rows.len())?;
    Ok(true)
}
