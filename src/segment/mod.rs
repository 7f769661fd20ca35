//! Documents into sentences: Unicode sentence boundaries (UAX #29) plus what news writes with full stops.
//!
//! A blank line always ends a sentence, a single line break never does. Spans point into the document and leave out
//! surrounding white space; together they hold every other character.

mod abbreviations;

use crate::document::{ByteSpan, Sentence};
use abbreviations::{joins, opens_with_brand};
use unicode_segmentation::UnicodeSegmentation as _;

/// The sentences of a text, in order.
pub fn sentences(text: &str) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    for (start, end) in paragraphs(text) {
        // A single line break is white space in a paragraph, but a sentence end to UAX #29; a blank has the same length.
        let flat: String = text[start..end].chars().map(|c| if c == '\n' || c == '\r' { ' ' } else { c }).collect();
        let mut from = 0;
        let mut bounds: Vec<usize> = flat.split_sentence_bound_indices().map(|(at, _)| at).skip(1).collect();
        bounds.extend(openings(&flat));
        bounds.push(flat.len());
        bounds.sort_unstable();
        bounds.dedup();
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

/// Where the sentence starts that `at` falls into, or the one before the white space that it falls into; 0 before all.
pub fn sentence_start(text: &str, at: usize) -> usize {
    let starts = sentences(text).into_iter().map(|sentence| sentence.span.start());
    starts.take_while(|start| *start <= at).last().unwrap_or(0)
}

/// Sentence starts that UAX #29 leaves out because no capital follows: numbers, sums of money, brands; and capitals
/// after an ellipsis.
fn openings(flat: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    for (at, mark) in flat.match_indices(['.', '!', '?', '…']) {
        let rest = flat[at + mark.len()..].trim_start_matches(['"', '”', '’', ')', '»']);
        let next = rest.trim_start();
        if next.len() == rest.len() {
            continue;
        }
        let first = next.chars().next().unwrap_or(' ');
        let opens = first.is_ascii_digit() || "$€£¥".contains(first) || opens_with_brand(next) && first.is_lowercase();
        if opens || mark == "…" && first.is_uppercase() {
            starts.push(flat.len() - next.len());
        }
    }
    starts
}

/// Whether a line is an entry of a list: `- …`, `* …`, `• …`.
fn is_bullet(line: &str) -> bool {
    ["- ", "* ", "• ", "– "].iter().any(|mark| line.trim_start().starts_with(mark))
}

/// Stretches of text between blank lines and before entries of a list.
fn paragraphs(text: &str) -> Vec<(usize, usize)> {
    let mut paragraphs = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            paragraphs.push((start, at));
            start = at + line.len();
        } else if is_bullet(line) && start < at {
            paragraphs.push((start, at));
            start = at;
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
