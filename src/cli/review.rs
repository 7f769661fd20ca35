//! The arguments of `review` and its actions.
#![expect(clippy::doc_markdown, reason = "the doc comments are help texts, where backticks would be printed")]

use super::ColumnArgs;
use crate::review::queue::Audit;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `review`.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: ReviewAction,
}

/// What `review` does.
#[derive(Debug, Subcommand)]
pub enum ReviewAction {
    /// Which rows are worth a person's time? Picks them, and draws a random audit that stands for the whole table
    Queue(QueueArgs),
    /// What did people make of the rows? Takes their files back into the table; exits with 1 if reviewers are in conflict
    Merge(MergeArgs),
    /// What can a model learn from the reviews? Writes the reviewed passages as labelled texts for `train` and `refit`; exits with 1 if some are not found
    Passages(PassagesArgs),
    /// How far do reviewers agree with each other and with the model?
    Agree(AgreeArgs),
}

/// Arguments of `review queue`.
#[derive(Debug, Args)]
pub struct QueueArgs {
    /// Stance table that `label` or `review merge` wrote; rows with a review_stance are left out
    pub stances: PathBuf,
    /// Queue to write: the columns of the table, then queue_reason and sample_prob
    #[arg(short, long, value_name = "CSV", default_value = "queue.csv")]
    pub output: PathBuf,
    /// Rows of the queue
    #[arg(short, long = "n", value_name = "ROWS", default_value_t = 200)]
    pub n: usize,
    /// Rows to draw at random from all that nobody has reviewed: a number (50), or a share of the queue (0.25 or 25%)
    #[arg(long, value_name = "ROWS|SHARE", default_value = "0.25")]
    pub audit: Audit,
    /// Pick at most this many rows of one actor; the audit is not limited
    #[arg(long, value_name = "ROWS")]
    pub per_country: Option<usize>,
    /// Leave out rows that have a review_stance in this table
    #[arg(long, value_name = "REVIEWED")]
    pub exclude: Vec<PathBuf>,
    /// Seed of the draw
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Begin the queue with a byte-order mark, so that Excel reads UTF-8
    #[arg(long)]
    pub excel: bool,
}

/// Arguments of `review passages`.
#[derive(Debug, Args)]
pub struct PassagesArgs {
    /// Table that `review merge` wrote
    pub merged: PathBuf,
    /// The corpus that was labelled: folders or files, as `label` takes them
    #[arg(required = true)]
    pub corpus: Vec<PathBuf>,
    /// Labelled texts to write
    #[arg(short, long, value_name = "JSONL", default_value = "reviewed.jsonl")]
    pub output: PathBuf,
    /// The target that the corpus was labelled toward, if it was
    #[arg(long)]
    pub target: Option<String>,
    /// Further names of the target, as they were given to `label`
    #[arg(long, value_name = "NAME", requires = "target")]
    pub target_alias: Vec<String>,
    /// What the columns are called, as `label` was told
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Column of the date [default: date]
    #[arg(long, value_name = "COLUMN")]
    pub date: Option<String>,
    /// Model that labelled: it says how long a passage is
    #[arg(long, default_value = "models/minilm-stance")]
    pub model: PathBuf,
    /// Further aliases that `label` was given
    #[arg(long, value_name = "CSV")]
    pub registry: Vec<PathBuf>,
}

/// Arguments of `review merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Stance table that the reviewed files were made from
    pub stances: PathBuf,
    /// Reviewed files, as Excel, LibreOffice, R or pandas wrote them: the column row_id and any of review_stance,
    /// review_note, reviewer; further columns are kept
    #[arg(required = true)]
    pub reviewed: Vec<PathBuf>,
    /// Table to write: all rows, with the reviews in their columns
    #[arg(short, long, value_name = "CSV", default_value = "merged.csv")]
    pub output: PathBuf,
    /// Ledger to which corrections are added, one JSON object a line [default: corrections.jsonl beside the output]
    #[arg(long, value_name = "JSONL")]
    pub ledger: Option<PathBuf>,
    /// Where rows on which reviewers differ are listed [default: conflicts.csv beside the output]
    #[arg(long, value_name = "CSV")]
    pub conflicts: Option<PathBuf>,
    /// Reviewer whose stance outvotes all others
    #[arg(long, value_name = "NAME")]
    pub adjudicator: Option<String>,
    /// Write the summary as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Begin the tables with a byte-order mark, so that Excel reads UTF-8
    #[arg(long)]
    pub excel: bool,
}

/// Arguments of `review agree`.
#[derive(Debug, Args)]
pub struct AgreeArgs {
    /// Reviewed files; a rater is a name in the column reviewer, or else the name of the file
    #[arg(required = true)]
    pub reviewed: Vec<PathBuf>,
    /// Stance table that the files were made from, if they lack doc_id, actor or stance
    #[arg(long, value_name = "CSV")]
    pub stances: Option<PathBuf>,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Resamples of the documents behind the 95 % intervals
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1000..=1_000_000))]
    pub resamples: u32,
    /// Seed of the resamples
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}
