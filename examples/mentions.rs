//! Sentences and linked mentions of every text of a JSONL corpus: what annotators and `scripts/annotation.py` start from.
//!
//! `mentions < texts.jsonl > linked.jsonl`; a line holds `text` and may hold `id` and `date`; to it are added `sentences`
//! (`[start, end]`) and `mentions` (`start`, `end`, `code`), in Unicode code points, half-open.

use anyhow::Context as _;
use demarche::document::Date;
use demarche::mention::Detector;
use demarche::registry::Registry;
use demarche::segment::sentences;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufWriter, Write as _};

fn main() -> anyhow::Result<()> {
    let detector = Detector::new(Registry::embedded()?);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (i, line) in std::io::stdin().lock().lines().enumerate() {
        let mut record: Value = serde_json::from_str(&line?).with_context(|| format!("line {}", i + 1))?;
        let text = record["text"].as_str().with_context(|| format!("line {}: no `text`", i + 1))?.to_owned();
        let day: Option<Date> = record["date"].as_str().and_then(|d| d.parse().ok());
        let point = |at: usize| text[..at].chars().count();
        let mentions: Vec<Value> = detector
            .link(&text, day)
            .mentions
            .iter()
            .map(|m| json!({"start": point(m.span.start()), "end": point(m.span.end()), "code": m.polity.0}))
            .collect();
        let spans: Vec<_> = sentences(&text).iter().map(|s| [point(s.span.start()), point(s.span.end())]).collect();
        record["sentences"] = json!(spans);
        record["mentions"] = json!(mentions);
        serde_json::to_writer(&mut out, &record)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}
