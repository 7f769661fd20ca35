//! Documents into sentences: Unicode sentence boundaries (UAX #29) plus what news writes with full stops.
//!
//! A blank line always ends a sentence, a single line break never does. Spans point into the document and leave out
//! surrounding white space; together they hold every other character.

mod abbreviations;

use crate::document::{ByteSpan, Sentence};
use abbreviations::joins;
use unicode_segmentation::UnicodeSegmentation as _;

/// The sentences of a text, in order.
pub fn sentences(text: &str) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    for (start, end) in paragraphs(text) {
        // A single line break is white space in a paragraph, but a sentence end to UAX #29; a blank has the same length.
        let flat: String = text[start..end].chars().map(|c| if c == '\n' || c == '\r' { ' ' } else { c }).collect();
        let mut from = 0;
        let mut bounds: Vec<usize> = flat.split_sentence_bound_indices().map(|(at, _)| at).skip(1).collect();
        bounds.push(flat.len());
        for to in bounds {
            if to < flat.len() && joins(flat[from..to].trim(), flat[to..].trim_start()) {
                continue;
            }
            let piece = &flat[from..to];
            let left = from + (piece.len() - piece.trim_start().len());
            let right = from + piece.trim_end().len();
            if left < right {
                let span = ByteSpan::new(text, start + left, start + right);
                sentences.push(Sentence { span: span.expect("trimming keeps character boundaries") });
            }
            from = to;
        }
    }
    sentences
}

/// Stretches of text between blank lines.
fn paragraphs(text: &str) -> Vec<(usize, usize)> {
    let mut paragraphs = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            paragraphs.push((start, at));
            start = at + line.len();
        }
        at += line.len();
    }
    paragraphs.push((start, text.len()));
    paragraphs.retain(|(start, end)| start < end);
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
        sentences: Vec<String>,
    }

    #[test]
    fn news_text_is_cut_where_a_reader_would() {
        let cases = include_str!("../../tests/fixtures/boundaries.jsonl");
        let mut wrong = Vec::new();
        let mut total = 0;
        for line in cases.lines() {
            let case: Case = serde_json::from_str(line).expect("a valid case");
            let found: Vec<&str> = sentences(&case.text).iter().map(|s| s.span.of(&case.text)).collect();
            total += 1;
            if found != case.sentences {
                wrong.push(format!("{found:?}\n  expected {:?}", case.sentences));
            }
        }
        assert!(total >= 150, "only {total} cases");
        assert!(wrong.is_empty(), "{} of {total} cases:\n{}", wrong.len(), wrong.join("\n"));
    }

    proptest! {
        #[test]
        fn sentences_are_in_order_and_leave_out_only_white_space(text in "(?s)[A-Za-zé .?!\"\\n]{0,120}") {
            let mut at = 0;
            for sentence in sentences(&text) {
                prop_assert!(text[at..sentence.span.start()].trim().is_empty());
                prop_assert!(!sentence.span.is_empty());
                at = sentence.span.end();
            }
            prop_assert!(text[at..].trim().is_empty());
        }
    }
}
