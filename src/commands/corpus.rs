//! How commands read a corpus: what `--text`, `--id`, `--date` and `--title` mean to `ingest`, and a file that cannot be opened.

use crate::cli::ColumnArgs;
use crate::ingest::{self, Columns, Input, Records, Reject, Settings};
use anyhow::Result;

/// Standard settings, with the columns that were named; `date` stands apart because its flag is not the same everywhere.
pub(super) fn settings(args: &ColumnArgs, date: Option<&String>) -> Settings {
    let mut settings = Settings::standard();
    let Columns { text, id, date: day, title, named } = &mut settings.columns;
    for (column, given) in
        [(text, args.text.as_ref()), (id, args.id.as_ref()), (day, date), (title, args.title.as_ref())]
    {
        if let Some(name) = given {
            column.clone_from(name);
            named.push(name.clone());
        }
    }
    settings
}

/// Opens a file of the corpus. Among others, a file that cannot be opened is one reject; alone, it is the user's mistake.
pub(super) fn open(input: &Input, settings: &Settings, alone: bool) -> Result<Records> {
    match ingest::open(input, settings) {
        Ok(records) => Ok(records),
        Err(error) if alone => Err(error.into()),
        Err(error) => {
            let (path, reason) = (input.path.display().to_string(), error.to_string());
            Ok(Box::new(std::iter::once(Err(Reject { path, record: 0, line: None, byte: None, reason }))))
        }
    }
}
