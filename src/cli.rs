//! The command line: what can be typed, and its help. No logic: `commands` does the work.

use crate::ingest::Format;
use crate::review::totals::{By, Period};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

mod columns;
mod export;
mod review;

pub use columns::ColumnArgs;
pub use export::ExportArgs;
pub use review::{AgreeArgs, MergeArgs, PassagesArgs, QueueArgs, ReviewAction, ReviewArgs};

/// Reads news and labels where each country stands toward another: recognize, engage, condemn.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// One subcommand a job.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Which country takes which stance toward which polity in a corpus?
    Label(LabelArgs),
    /// How good is the model against labelled data?
    Evaluate(EvaluateArgs),
    /// One document through every stage: sentences, mentions, what the model reads, how its stances come about
    Explain(ExplainArgs),
    /// Adapt a model to corrected labels on this machine, without libtorch: only its head learns
    Refit(RefitArgs),
    /// Which rows should a person check, what did they make of them, and how far do they agree?
    Review(ReviewArgs),
    /// What does a stance table look like to another tool? Label Studio, doccano, Prodigy, JSON Lines, Parquet
    Export(ExportArgs),
    /// Which polities does the program know, under which names and codes?
    Registry(RegistryArgs),
    /// How does a stance table look on a map, in time, row by row? One page, in which rows can be reviewed
    Report(ReportArgs),
    /// Fine-tune a model on labelled texts, calibrate it, write a model folder
    #[cfg(feature = "torch")]
    Train(TrainArgs),
}

/// How often the model looks, wherever it labels.
#[derive(Debug, Clone, Copy, Args)]
pub struct LookArgs {
    /// Ask about a pair again, alone, if its likeliest label has a probability below this: slower and better. 0 never does, 1
    /// always [default: as the model's stance.json says]
    #[arg(long, value_name = "PROBABILITY", allow_negative_numbers = true)]
    pub second_look: Option<f64>,
}

/// Arguments of `label`.
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a command line")]
#[derive(Debug, Args)]
pub struct LabelArgs {
    /// Folders of articles, or .txt, .csv, .tsv, .jsonl, .parquet files (plain, .gz or .zst); - is standard input, told by its
    /// content to be Parquet, JSONL or else one plain text, unless --format says so
    #[arg(required = true)]
    pub inputs: Vec<PathBuf>,
    /// Format of standard input, needed for CSV and TSV
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Stance table to write; rejects.csv and run.json go beside it
    #[arg(short, long, value_name = "CSV", default_value = "stances.csv")]
    pub output: PathBuf,
    /// Model folder
    #[arg(long, default_value = "models/minilm-stance")]
    pub model: PathBuf,
    /// How often the model looks
    #[command(flatten)]
    pub look: LookArgs,
    /// Only stances toward this polity: an id (RUS, +UN, #TALIBAN) or a name of the registry
    #[arg(long)]
    pub target: Option<String>,
    /// Further names that mean the target in this corpus, such as "the council"
    #[arg(long, value_name = "NAME", requires = "target")]
    pub target_alias: Vec<String>,
    /// Also write one row for every passage and dyad
    #[arg(long, value_name = "CSV")]
    pub evidence: Option<PathBuf>,
    /// Keep rows whose stance is none
    #[arg(long)]
    pub include_none: bool,
    /// What the columns are called
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Column of the date [default: date]
    #[arg(long, value_name = "COLUMN")]
    pub date: Option<String>,
    /// Further aliases, with the columns of datasets/registry/aliases
    #[arg(long, value_name = "CSV")]
    pub registry: Vec<PathBuf>,
    /// Add ISO2, COW and Gleditsch-Ward codes
    #[arg(long)]
    pub codes: bool,
    /// Begin the table with a byte-order mark, so that Excel reads UTF-8
    #[arg(long)]
    pub excel: bool,
    /// Rows that are not sure enough for labels to be right at this rate say `needs_review`: 0.70, 0.80, 0.85, 0.90, 0.95 or 0.98
    #[arg(long, value_name = "RATE", default_value_t = 0.85)]
    pub precision: f64,
    /// Stop at the first record that cannot be read
    #[arg(long)]
    pub strict: bool,
    /// Go on with a run that was stopped, given the same arguments and files; the tables become the same, byte for byte
    #[arg(long)]
    pub resume: bool,
    /// Show no progress
    #[arg(short, long)]
    pub quiet: bool,
    /// Threads [default: all cores]
    #[arg(long)]
    pub threads: Option<std::num::NonZeroUsize>,
    /// Largest size that a compressed file may unfold to, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 65_536)]
    pub max_unpacked_mib: u64,
    /// Largest ratio of unfolded to compressed size
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub max_ratio: u64,
}

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Labelled texts (JSONL, plain or compressed) with mentions given
    #[arg(required_unless_present_any = ["docs", "behaviour", "estimate"])]
    pub gold: Vec<PathBuf>,
    /// Folder of articles with gold.jsonl: end to end, with own detection, toward each article's target
    #[arg(long, value_name = "DIR", conflicts_with = "gold")]
    pub docs: Option<PathBuf>,
    /// Behavioural suite: short texts with known answers, filled with countries at random, end to end
    #[arg(long, conflicts_with_all = ["gold", "docs", "predictions", "csv", "report", "against"])]
    pub behaviour: bool,
    /// Fills of each behavioural case, 2 or more
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..))]
    #[arg(conflicts_with_all = ["gold", "docs"])]
    pub fills: u16,
    /// Exit with 1 if the rate of a behavioural group is below this share, 0 to 1
    #[arg(long, value_name = "RATE", conflicts_with_all = ["gold", "docs"])]
    pub min_rate: Option<f64>,
    /// Share and count of each stance in a corpus, corrected by a reviewed audit: the table of `review merge` whose queue drew it
    #[arg(long, value_name = "CSV")]
    #[arg(conflicts_with_all = ["gold", "docs", "behaviour", "predictions", "report", "against", "errors", "min_rate", "second_look"])]
    pub estimate: Option<PathBuf>,
    /// What the rows of an estimate are grouped by
    #[arg(long, value_enum, default_value_t = By::All, requires = "estimate")]
    pub by: By,
    /// Periods of an estimate
    #[arg(long, value_enum, requires = "estimate")]
    pub period: Option<Period>,
    /// List every wrong stance (with --docs or --behaviour) and every wrong mention count (with --docs)
    #[arg(long)]
    pub errors: bool,
    /// Model folder
    #[arg(long, default_value = "models/minilm-stance")]
    pub model: PathBuf,
    /// How often the model looks
    #[command(flatten)]
    pub look: LookArgs,
    /// Show what the review thresholds for this precision do, as in `label`
    #[arg(long, value_name = "RATE", default_value_t = 0.85)]
    pub precision: f64,
    /// Write one self-contained HTML page to publish: figures, charts, breakdowns, worst errors
    #[arg(long, value_name = "HTML")]
    pub report: Option<PathBuf>,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the figures with their intervals as CSV: metric, class, subset, value, low, high; of an estimate the totals (docs/review.md)
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Compare with another model on the same pairs: the file that its run's --predictions wrote
    #[arg(long, value_name = "JSONL")]
    pub against: Option<PathBuf>,
    /// Resamples of the documents behind the 95 % intervals
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1000..=1_000_000))]
    pub resamples: u32,
    /// Seed of the resamples, and of the behavioural suite's countries and unrelated sentences
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write one JSON line a pair: id, actor, target, gold, stance and probabilities
    #[arg(long, value_name = "FILE")]
    pub predictions: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A .txt file, or a document of a .csv, .tsv, .jsonl or .parquet file; - is standard input: Parquet, JSONL or one plain text
    pub input: PathBuf,
    /// Which document of a file of many, by its id [default: the first]
    #[arg(long, value_name = "ID")]
    pub doc: Option<String>,
    /// Only stances toward this polity: an id (RUS, +UN, #TALIBAN) or a name of the registry
    #[arg(long)]
    pub target: Option<String>,
    /// Further names that mean the target in this document, such as "the council"
    #[arg(long, value_name = "NAME", requires = "target")]
    pub target_alias: Vec<String>,
    /// Date of the document, YYYY-MM-DD, instead of its own: who is in office depends on it
    #[arg(long, value_name = "DAY")]
    pub date: Option<crate::document::Date>,
    /// What the columns are called
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Column of the date, the --date of `label` [default: date]
    #[arg(long, value_name = "COLUMN")]
    pub date_column: Option<String>,
    /// Precision that `needs_review` stands for, as in `label`
    #[arg(long, value_name = "RATE", default_value_t = 0.85)]
    pub precision: f64,
    /// Write a page instead of printing
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Model folder
    #[arg(long, default_value = "models/minilm-stance")]
    pub model: PathBuf,
    /// How often the model looks
    #[command(flatten)]
    pub look: LookArgs,
    /// Further aliases, with the columns of datasets/registry/aliases
    #[arg(long, value_name = "CSV")]
    pub registry: Vec<PathBuf>,
}

/// Arguments of `refit`.
#[derive(Debug, Args)]
pub struct RefitArgs {
    /// Corrected labels to learn from (JSONL, plain or compressed)
    #[arg(required = true)]
    pub gold: Vec<PathBuf>,
    /// Model folder to write
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Model to begin with
    #[arg(long, value_name = "DIR", default_value = "models/minilm-stance")]
    pub start: PathBuf,
    /// Labelled texts of old, such as datasets/composed/passages_*.jsonl, learned again so that they are not forgotten
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub replay: Vec<PathBuf>,
    /// Share of the documents that is kept back to judge on
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    pub held_out: f64,
    /// Weight of a corrected label beside a replayed one
    #[arg(long, default_value_t = 3.0)]
    pub weight: f64,
    /// Passes over the data
    #[arg(long, default_value_t = 8)]
    pub epochs: usize,
    /// Peak learning rate
    #[arg(long, default_value_t = 3e-4)]
    pub learning_rate: f64,
    /// Strength of the pull back to the old weights
    #[arg(long, default_value_t = 0.1)]
    pub pull: f64,
    /// Seed of the shuffling
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Arguments of `registry`.
#[derive(Debug, Args)]
pub struct RegistryArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: RegistryAction,
    /// Further aliases, with the columns of datasets/registry/aliases
    #[arg(long, value_name = "CSV", global = true)]
    pub registry: Vec<PathBuf>,
}

/// What `registry` does.
#[derive(Debug, Subcommand)]
pub enum RegistryAction {
    /// The version and the choices made about contested polities; with names or ids, these polities and all their aliases
    List {
        /// Ids (RUS, +UN, #TALIBAN) or names
        polities: Vec<String>,
    },
    /// Read all tables and report rows that contradict each other
    Check,
    /// Write polities and aliases as CSV into a folder
    Export {
        /// Folder, made if it is absent
        folder: PathBuf,
    },
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Stance table, as `label` or `review merge` wrote it
    pub table: PathBuf,
    /// Page to write: one HTML file that needs no network and no other file
    #[arg(short, long, value_name = "HTML", default_value = "report.html")]
    pub output: PathBuf,
    /// Heading of the page [default: Stances in NAME]
    #[arg(long)]
    pub title: Option<String>,
    /// Show stances toward this polity first: an id (RUS, +UN, #TALIBAN) or a name, as in the table
    #[arg(long)]
    pub target: Option<String>,
}

/// Arguments of `train`.
#[cfg(feature = "torch")]
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Labelled texts to learn from (JSONL, plain or compressed); `FILE@0.3` counts its pairs 0.3 as much
    #[arg(required = true)]
    pub gold: Vec<String>,
    /// Model folder to write
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Hugging Face folder with the start weights (BERT, safetensors), or a demarche model
    #[arg(long, value_name = "DIR")]
    pub start: PathBuf,
    /// Adapt a demarche model to these corrected labels (what `review passages` writes): the other files are replayed so
    /// that nothing is forgotten, calibration stays, and figures before and after are measured on documents kept back
    #[arg(long, value_name = "FILE")]
    pub corrections: Vec<PathBuf>,
    /// Weight of a corrected label beside a replayed one
    #[arg(long, default_value_t = 3.0, requires = "corrections")]
    pub correction_weight: f32,
    /// Share of the documents that is kept back to judge an adaptation on
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, requires = "corrections")]
    pub held_out: f64,
    /// Labelled texts that choose the best epoch; never trained on
    #[arg(long, value_name = "FILE")]
    pub dev: Vec<PathBuf>,
    /// What another model says of pairs of these texts, as `evaluate --predictions` wrote it; of several the mean is learnt
    /// beside the label
    #[arg(long, value_name = "FILE")]
    pub teachers: Vec<PathBuf>,
    /// Share of the teachers in what such a pair learns, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, requires = "teachers")]
    pub teacher_share: f64,
    /// Passes over the data
    #[arg(long, default_value_t = 4)]
    pub epochs: usize,
    /// Texts in a batch
    #[arg(long, default_value_t = 32)]
    pub batch: usize,
    /// Peak learning rate
    #[arg(long, default_value_t = 1e-4)]
    pub learning_rate: f64,
    /// Weights of none, recognize, engage, condemn in the loss
    #[arg(long, value_delimiter = ',', default_values_t = [1.0, 2.0, 1.3, 1.3])]
    pub class_weights: Vec<f32>,
    /// Share of the texts that are joined with an unrelated one, 0 to 1
    #[arg(long, default_value_t = 0.25)]
    pub mix: f64,
    /// Pairs of a text that are also asked about alone, each costing a pass: 2 or more, or 0 for a model that takes no second
    /// look [default: 4, or 0 for --corrections to a model that takes none]
    #[arg(long, value_name = "N")]
    pub pairs: Option<usize>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Stop after this many epochs without a better figure on dev [default: never; the last epochs, at a low rate, gain most]
    #[arg(long, value_name = "EPOCHS")]
    pub patience: Option<usize>,
    /// Compute in bfloat16 over single-precision weights: several times faster on CPUs with AMX, slower on others
    #[arg(long)]
    pub bf16: bool,
    /// Where checkpoints go
    #[arg(long, value_name = "DIR", default_value = "runs/checkpoint")]
    pub checkpoint: PathBuf,
    /// Go on from the last checkpoint
    #[arg(long)]
    pub resume: bool,
}
