//! The arguments that name the columns of a corpus.

use clap::Args;

/// What the columns of a corpus are called, wherever one is read. The column of the date is apart: the `--date` of `explain`
/// is a day.
#[derive(Debug, Clone, Args)]
pub struct ColumnArgs {
    /// Column or field of the text [default: text]
    #[arg(long, value_name = "COLUMN")]
    pub text: Option<String>,
    /// Column of the document id [default: id]
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// Column of the headline [default: title]
    #[arg(long, value_name = "COLUMN")]
    pub title: Option<String>,
}
