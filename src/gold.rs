//! Labelled texts with their mentions given: the format of training and pair-level evaluation data.
//!
//! One JSON object a line: `id`, `text`, optional `date`, `mentions` (`start`, `end` in Unicode code points, half-open;
//! `code`), `pairs` (`actor`, `target`, `stance` or null, `sure`). Codes are taken as given: the registry is not asked.

use crate::document::{ByteSpan, Date, Dyad, Mention, PolityId};
use crate::ingest::{compression, jsonl};
use crate::stance::Stance;
use serde::Deserialize;
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// One labelled directed pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldPair {
    /// Who toward whom.
    pub dyad: Dyad,
    /// The reference label.
    pub stance: Stance,
    /// `false` where the annotator doubted.
    pub sure: bool,
}

/// A text with linked mentions and labelled pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldText {
    /// Record id.
    pub id: String,
    /// Date of the text, if given.
    pub date: Option<Date>,
    /// The text.
    pub text: String,
    /// Sorted, without overlaps.
    pub mentions: Vec<Mention>,
    /// Pairs with a label; null stances are left out.
    pub pairs: Vec<GoldPair>,
}

/// A gold file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GoldError {
    /// Cannot be opened or read.
    #[error("gold file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not a valid record.
    #[error("gold file {path}, line {line}: {reason}")]
    Record {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What was expected.
        reason: String,
    },
}

#[derive(Deserialize)]
struct RawText {
    id: String,
    date: Option<String>,
    text: String,
    mentions: Vec<RawMention>,
    pairs: Vec<RawPair>,
}

#[derive(Deserialize)]
struct RawMention {
    start: usize,
    end: usize,
    code: String,
}

#[derive(Deserialize)]
struct RawPair {
    actor: String,
    target: String,
    stance: Option<Stance>,
    #[serde(default = "yes")]
    sure: bool,
}

const fn yes() -> bool {
    true
}

/// Reads a gold file, plain or compressed.
///
/// # Errors
/// At the first line that is not a valid record: gold data must be whole.
pub fn read(path: &Path) -> Result<Vec<GoldText>, GoldError> {
    let io = |source| GoldError::Io { path: path.to_owned(), source };
    let reader = BufReader::new(compression::open(path).map_err(io)?);
    let mut texts = Vec::new();
    for (i, line) in reader.lines().enumerate() {
        let line = line.map_err(io)?;
        // Editors of Windows begin a file with a byte-order mark.
        let line = if i == 0 { line.trim_start_matches('\u{feff}') } else { &line };
        if line.trim().is_empty() {
            continue;
        }
        let record = |reason| GoldError::Record { path: path.to_owned(), line: i + 1, reason };
        let raw: RawText = serde_json::from_str(line).map_err(|e| record(jsonl::fault(&e)))?;
        texts.push(resolve(raw).map_err(record)?);
    }
    Ok(texts)
}

/// Writes texts as JSON lines that [`read`] takes.
///
/// # Errors
/// If `out` refuses.
pub fn write(texts: &[GoldText], out: &mut dyn Write) -> std::io::Result<()> {
    for text in texts {
        let point = |byte: usize| text.text[..byte].chars().count();
        let mention = |m: &Mention| {
            let (start, end) = (point(m.span.start()), point(m.span.end()));
            json!({ "start": start, "end": end, "surface": m.span.of(&text.text), "code": m.polity })
        };
        let pair = |p: &GoldPair| json!({ "actor": p.dyad.actor, "target": p.dyad.target, "stance": p.stance, "sure": p.sure });
        let mut record = json!({ "id": text.id });
        if let Some(date) = text.date {
            record["date"] = json!(date);
        }
        record["text"] = json!(text.text);
        record["mentions"] = text.mentions.iter().map(mention).collect();
        record["pairs"] = text.pairs.iter().map(pair).collect();
        writeln!(out, "{record}")?;
    }
    Ok(())
}

fn resolve(raw: RawText) -> Result<GoldText, String> {
    let mut bytes: Vec<usize> = raw.text.char_indices().map(|(at, _)| at).collect();
    bytes.push(raw.text.len());
    let byte = |at: usize| bytes.get(at).copied().ok_or(format!("mention at code point {at} is outside the text"));
    let mut mentions = Vec::with_capacity(raw.mentions.len());
    for m in raw.mentions {
        let span = ByteSpan::new(&raw.text, byte(m.start)?, byte(m.end)?)
            .ok_or(format!("mention {}..{} is reversed", m.start, m.end))?;
        mentions.push(Mention { span, polity: PolityId(m.code) });
    }
    mentions.sort_by_key(|m| m.span);
    if let Some(pair) = mentions.windows(2).find(|pair| pair[0].span.overlaps(pair[1].span)) {
        return Err(format!("mentions of {} and {} overlap", pair[0].polity, pair[1].polity));
    }
    let date = raw.date.filter(|d| !d.is_empty());
    let date = date.map(|d| d.parse().map_err(|_| format!("date `{d}` is not YYYY-MM-DD"))).transpose()?;
    let known = |code: &str| mentions.iter().any(|m| m.polity.0 == code);
    let mut pairs = Vec::with_capacity(raw.pairs.len());
    for pair in raw.pairs {
        let Some(stance) = pair.stance else { continue };
        if let Some(code) = [&pair.actor, &pair.target].into_iter().find(|code| !known(code)) {
            return Err(format!("pair names `{code}`, which has no mention"));
        }
        let dyad = Dyad { actor: PolityId(pair.actor), target: PolityId(pair.target) };
        pairs.push(GoldPair { dyad, stance, sure: pair.sure });
    }
    Ok(GoldText { id: raw.id, date, text: raw.text, mentions, pairs })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<GoldText, String> {
        resolve(serde_json::from_str(line).expect("valid JSON"))
    }

    #[test]
    fn code_point_offsets_become_byte_spans() {
        let gold = parse(
            r#"{"id":"a","text":"Côte d’Ivoire met Peru","mentions":[{"start":18,"end":22,"code":"PER"},
               {"start":0,"end":13,"code":"CIV"}],"pairs":[{"actor":"CIV","target":"PER","stance":"engage"},
               {"actor":"PER","target":"CIV","stance":null}]}"#,
        )
        .expect("valid record");
        let surfaces: Vec<_> = gold.mentions.iter().map(|m| m.span.of(&gold.text)).collect();
        assert_eq!(surfaces, ["Côte d’Ivoire", "Peru"]);
        assert_eq!(gold.pairs.len(), 1);
        assert!(gold.pairs[0].sure);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_record_and_a_fault_names_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gold.jsonl");
        let line = r#"{"id":"a","text":"Peru","mentions":[],"pairs":[]}"#;
        std::fs::write(&path, format!("\u{feff}{line}\n{line}\n")).expect("written");
        assert_eq!(read(&path).expect("sound records").len(), 2);
        std::fs::write(&path, format!("{line}\nnot json\n")).expect("written");
        let error = read(&path).expect_err("no record").to_string();
        assert!(error.ends_with("gold.jsonl, line 2: expected ident at column 2"), "{error}");
    }

    #[test]
    fn what_is_written_reads_back() {
        let line = r#"{"id":"a","date":"2019-08-03","text":"Côte d’Ivoire met Peru","mentions":[{"start":0,"end":13,
            "code":"CIV"},{"start":18,"end":22,"code":"PER"}],"pairs":[{"actor":"CIV","target":"PER","stance":"engage",
            "sure":false}]}"#;
        let gold = parse(line).expect("valid record");
        let mut written = Vec::new();
        write(std::slice::from_ref(&gold), &mut written).expect("written");
        assert_eq!(parse(&String::from_utf8(written).expect("UTF-8")), Ok(gold));
    }

    #[test]
    fn a_pair_without_a_mention_is_refused() {
        let error =
            parse(r#"{"id":"a","text":"Peru","mentions":[],"pairs":[{"actor":"PER","target":"CHL","stance":"none"}]}"#);
        assert_eq!(error, Err("pair names `PER`, which has no mention".to_owned()));
    }
}
