//! How commands read a corpus: what `--text`, `--id`, `--date` and `--title` mean to `ingest`.

use crate::cli::ColumnArgs;
use crate::ingest::{Columns, Settings};

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
