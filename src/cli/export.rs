//! The arguments of `export`.

use crate::export::Format;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Stance table that label, review queue or review merge wrote
    pub stances: PathBuf,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// The tool or format
    #[arg(long, value_enum)]
    pub format: Format,
}
