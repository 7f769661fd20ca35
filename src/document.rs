//! Documents, sentences and spans: the nouns that every stage shares.
//!
//! Owns the offset convention: spans are half-open ranges of **bytes** into the text of one document, both ends on
//! `char` boundaries. Knows nothing of files (`ingest`) or of where sentences end (`segment`).

use std::fmt;

/// Half-open range of bytes in a text; both ends lie on `char` boundaries of that text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteSpan {
    start: usize,
    end: usize,
}

impl ByteSpan {
    /// The span `start..end` of `text`; `None` if it is reversed, out of range, or cuts a character.
    pub fn new(text: &str, start: usize, end: usize) -> Option<Self> {
        let valid = start <= end && text.is_char_boundary(start) && text.is_char_boundary(end);
        valid.then_some(Self { start, end })
    }

    /// First byte.
    pub const fn start(self) -> usize {
        self.start
    }

    /// One past the last byte.
    pub const fn end(self) -> usize {
        self.end
    }

    /// Length in bytes.
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span holds no byte.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies wholly inside.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share at least one byte; touching spans do not.
    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The text of the span. `text` must be the one that the span was made for.
    pub fn of(self, text: &str) -> &str {
        &text[self.start..self.end]
    }
}

/// A calendar date, ISO 8601, as documents and registry terms carry it.
pub type Date = jiff::civil::Date;

/// One article, decoded to UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Identity in the corpus: the path without extension, the id column, or `name:record`.
    pub id: String,
    /// Publication date, where the source gives one.
    pub date: Option<Date>,
    /// Headline, where the source gives one apart from the text; empty otherwise.
    pub title: String,
    /// The body that all spans point into.
    pub text: String,
    /// Where it was read: the path, with `:record` for files of many records.
    pub source: String,
}

/// One sentence of a document: its span without surrounding white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    /// Bytes of the document's text.
    pub span: ByteSpan,
}

/// Registry id of a polity: ISO 3166-1 alpha-3 (`RUS`, `XKX`), `+UN` for blocs, `#TALIBAN` for non-state authorities.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PolityId(pub String);

impl fmt::Display for PolityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for PolityId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// A polity named in a document: a linked mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Bytes of the document's text.
    pub span: ByteSpan,
    /// Whom it names.
    pub polity: PolityId,
}

/// A directed pair of polities: what `actor` does to or says about `target`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dyad {
    /// Who takes the stance.
    pub actor: PolityId,
    /// Toward whom.
    pub target: PolityId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_never_cuts_a_character_or_leaves_the_text() {
        let text = "Côte";
        assert_eq!(ByteSpan::new(text, 0, 3).map(|s| s.of(text)), Some("Cô"));
        assert_eq!(ByteSpan::new(text, 0, 2), None);
        assert_eq!(ByteSpan::new(text, 3, 1), None);
        assert_eq!(ByteSpan::new(text, 0, 9), None);
    }

    #[test]
    fn touching_spans_do_not_overlap() {
        let text = "abcdef";
        let span = |a, b| ByteSpan::new(text, a, b).expect("in range");
        assert!(!span(0, 3).overlaps(span(3, 6)));
        assert!(span(0, 4).overlaps(span(3, 6)));
        assert_eq!(span(0, 1).cover(span(4, 5)), span(0, 5));
    }
}
