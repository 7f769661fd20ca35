//! Reads corpora into documents: folders of text, CSV/TSV, JSONL, Parquet; plain, gzip or Zstandard; `-` is stdin.
//!
//! A record that cannot be read is a [`Reject`] with its place and reason, never an end of the run and never silence.
//! Formats are told by content and extension, columns by name. Sentences and polities are left to later stages.

pub mod compression;
mod csv;
pub mod decode;
mod folder;
pub mod jsonl;
mod parquet;
pub mod quotes;
mod text;

use crate::document::{Date, Document};
use compression::Limits;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub use decode::Encoding;
pub use folder::{Corpus, Format, Input, corpus, inputs};

/// Which columns or fields hold what, in CSV, JSONL and Parquet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The body.
    pub text: String,
    /// Document id; numbered by record where the default is absent.
    pub id: String,
    /// Publication date.
    pub date: String,
    /// Headline.
    pub title: String,
    /// Columns that the user named: their absence is an error, that of a default other than `text` is not.
    pub named: Vec<String>,
}

/// How to read.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Column names.
    pub columns: Columns,
    /// Bounds on decompression.
    pub limits: Limits,
    /// Counts the bytes read from disk, for showing progress.
    pub consumed: Arc<AtomicU64>,
}

impl Settings {
    /// Default column names and bounds.
    pub fn standard() -> Self {
        let name = |column: &str| column.to_owned();
        let columns =
            Columns { text: name("text"), id: name("id"), date: name("date"), title: name("title"), named: vec![] };
        Self { columns, limits: Limits::STANDARD, consumed: Arc::default() }
    }
}

/// A document and how its bytes were decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The document.
    pub document: Document,
    /// Its encoding.
    pub encoding: Encoding,
    /// A date that stands in the source but is not a date.
    pub bad_date: Option<String>,
}

/// A record that could not be read. Positions count from 1 (record, line) and 0 (byte).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// File, or `-`.
    pub path: String,
    /// Record in the file.
    pub record: u64,
    /// Line, where the format has lines.
    pub line: Option<u64>,
    /// Byte offset in the decompressed file.
    pub byte: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

/// The corpus as a whole cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Path does not exist or cannot be listed.
    #[error("cannot read {path}: {source}; give a file, a folder of articles, or - for standard input")]
    Open {
        /// The input.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder without a readable file.
    #[error("{path} holds no .txt, .csv, .tsv, .jsonl or .parquet file (each may end in .gz or .zst)")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A named column is absent.
    #[error(
        "{path} has no column `{column}`; it has {found}; choose with --text, --id, --title, --date (`explain`: --date-column)"
    )]
    Column {
        /// The file.
        path: PathBuf,
        /// The column looked for.
        column: String,
        /// The columns there.
        found: String,
    },
    /// An entry of a folder that leads nowhere.
    #[error("cannot read {path}: {reason}; mend it or take it away")]
    Entry {
        /// The entry.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file that would be read as an article and is none.
    #[error(
        "{path} begins like {found}, not like an article; accepted are plain text, CSV, TSV, JSONL and Parquet: {way_out}"
    )]
    NotProse {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        found: &'static str,
        /// How to make it readable.
        way_out: &'static str,
    },
    /// The file's beginning is not what its format says.
    #[error("cannot read {path}: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Documents and rejects of one file.
pub type Records = Box<dyn Iterator<Item = Result<Reading, Reject>> + Send>;

/// `articles/a.txt.gz` → `articles/a`.
fn stem(name: &str) -> &str {
    let bare = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    bare.rsplit_once('.').map_or(bare, |(stem, _)| stem)
}

/// Opens one file.
///
/// # Errors
/// If it cannot be opened, lacks a column, or is no article. What goes wrong later is a [`Reject`].
pub fn open(input: &Input, settings: &Settings) -> Result<Records, IngestError> {
    if let Some(reason) = &input.fault {
        return Err(IngestError::Entry { path: input.path.clone(), reason: reason.clone() });
    }
    let fail = |source| IngestError::Open { path: input.path.clone(), source };
    let raw: Box<dyn Read + Send> = if input.path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        let file = std::fs::File::open(&input.path).map_err(fail)?;
        if input.format == Some(Format::Parquet) && parquet::plain(&file) {
            return parquet::stream(input, file, settings);
        }
        Box::new(file)
    };
    let raw = Box::new(compression::Counted::new(raw, Arc::clone(&settings.consumed)));
    let mut reader = BufReader::with_capacity(1 << 16, compression::bounded(raw, settings.limits).map_err(fail)?);
    let head = reader.fill_buf().map_err(fail)?;
    let found = if head.starts_with(b"PAR1") {
        Some(Format::Parquet)
    } else if input.format.is_none() && beginning(head).starts_with('{') {
        Some(Format::Jsonl)
    } else {
        input.format
    };
    match found {
        Some(Format::Parquet) => parquet::whole(input, Box::new(reader), settings),
        Some(Format::Csv) => csv::open(input, Box::new(reader), b',', settings),
        Some(Format::Tsv) => csv::open(input, Box::new(reader), b'\t', settings),
        Some(Format::Jsonl) => Ok(jsonl::open(input, Box::new(reader), settings)),
        Some(Format::Text) | None => match not_prose(&beginning(head)) {
            Some((found, way_out)) => Err(IngestError::NotProse { path: input.path.clone(), found, way_out }),
            None => Ok(text::open(input, Box::new(reader))),
        },
    }
}

/// The first characters of a file, without mark and white space.
fn beginning(head: &[u8]) -> String {
    let (text, _) = decode::whole(&head[..head.len().min(1024)]);
    text.trim_start().to_owned()
}

/// What a file is that begins like no article, and the way out. A bracket alone may open an article: `[Update] Peru …`.
fn not_prose(beginning: &str) -> Option<(&'static str, &'static str)> {
    let after = |bracket| beginning.strip_prefix(bracket).map_or("", str::trim_start);
    let start: String = beginning.chars().take(9).collect::<String>().to_lowercase();
    if after('[').starts_with(['{', '"']) {
        Some(("a JSON array", "write its records one a line (JSONL), as `jq -c '.[]'` does"))
    } else if after('{').starts_with(['"', '}']) {
        Some(("JSON", "name it .jsonl if it has one record a line"))
    } else if ["<!doctype", "<html", "<?xml"].iter().any(|tag| start.starts_with(tag)) {
        Some(("HTML or XML", "strip the markup first"))
    } else {
        None
    }
}

/// A date from the first ten characters, `YYYY-MM-DD`, or eight, `YYYYMMDD`. With another digit behind it is a number that
/// begins like a day, such as a Unix time.
fn date(value: &str) -> Option<Date> {
    let value = value.trim();
    let day = |length| {
        let (day, rest) = value.split_at_checked(length)?;
        (!rest.starts_with(|c: char| c.is_ascii_digit())).then_some(day)
    };
    day(10).and_then(|day| day.parse().ok()).or_else(|| Date::strptime("%Y%m%d", day(8)?).ok())
}

/// The fields of one record of a file of many.
struct Fields {
    text: String,
    id: Option<String>,
    date: Option<String>,
    title: Option<String>,
    encoding: Encoding,
}

impl Fields {
    /// The document, or why there is none.
    fn document(self, input: &Input, record: u64) -> Result<Reading, String> {
        if self.text.trim().is_empty() {
            return Err("the text is empty".into());
        }
        let given = self.date.filter(|d| !d.trim().is_empty());
        let parsed = given.as_deref().and_then(date);
        let id = self.id.filter(|id| !id.trim().is_empty()).map(|id| id.trim().to_owned());
        Ok(Reading {
            bad_date: given.filter(|_| parsed.is_none()),
            encoding: self.encoding,
            document: Document {
                id: id.unwrap_or_else(|| format!("{}:{record}", stem(&input.name))),
                date: parsed,
                title: self.title.unwrap_or_default(),
                text: self.text,
                source: format!("{}:{record}", input.path.display()),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_day_with_or_without_a_time_and_no_longer_number() {
        let day = "1912-12-11".parse().ok();
        for value in ["1912-12-11", " 1912-12-11T08:30:00Z", "1912-12-11 00:00:00 +00:00", "19121211", "19121211T0830"]
        {
            assert_eq!(date(value), day, "{value}");
        }
        // Seconds and milliseconds since 1970, a number of the archive, and other orders.
        for value in ["1512121234", "1512121234000", "151212123", "1912-12-111", "11.12.1912", "12/11/1912", "1912", ""]
        {
            assert_eq!(date(value), None, "{value}");
        }
    }

    #[test]
    fn markup_and_json_are_told_from_prose_that_begins_with_a_bracket() {
        let found = |head: &[u8]| not_prose(&beginning(head)).map(|(found, _)| found);
        assert_eq!(found(b"[ {\"text\": 1}]"), Some("a JSON array"));
        assert_eq!(found(b"\xef\xbb\xbf[\n  \"Peru met Chile.\"]"), Some("a JSON array"));
        assert_eq!(found(b"{\"text\": \"Peru met Chile.\"}"), Some("JSON"));
        for markup in ["\n<!DOCTYPE html><p>Peru", "<HTML lang=en>", "<?xml version='1.0'?>"] {
            assert_eq!(found(markup.as_bytes()), Some("HTML or XML"), "{markup}");
        }
        for prose in ["[Update] Peru met Chile.", "[1] Peru", "<Peru>", "{Peru}", "“Peru”", "Pérú"] {
            assert_eq!(found(prose.as_bytes()), None, "{prose}");
        }
    }
}
