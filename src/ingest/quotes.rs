//! Whether a quote of a CSV text is left open: the `csv` crate then takes everything to the end for one cell, and says
//! nothing.

use std::io::{self, Read};

/// Where in a cell a byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At its start: a quote opens it.
    Start,
    /// In one without quotes: a quote is a byte like others.
    Bare,
    /// In one with quotes.
    Quoted,
    /// Behind a quote in it: a second one is a byte of the cell, anything else ends the quotes.
    Closing,
}

/// Follows the quotes of a text by the rules of RFC 4180 as the `csv` crate reads it.
#[derive(Debug, Clone, Copy)]
pub struct Quotes {
    delimiter: u8,
    state: State,
    line: u64,
    opened: u64,
}

impl Quotes {
    /// At the start of a text.
    pub const fn new(delimiter: u8) -> Self {
        Self { delimiter, state: State::Start, line: 1, opened: 1 }
    }

    /// Reads on.
    pub fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.state = match (self.state, *byte) {
                (State::Start, b'"') => {
                    self.opened = self.line;
                    State::Quoted
                }
                (State::Quoted, b'"') => State::Closing,
                (State::Quoted, _) | (State::Closing, b'"') => State::Quoted,
                (_, b'\r' | b'\n') => State::Start,
                (_, byte) if byte == self.delimiter => State::Start,
                _ => State::Bare,
            };
            self.line += u64::from(*byte == b'\n');
        }
    }

    /// The line, from 1, of a quote that is open.
    pub fn open(&self) -> Option<u64> {
        (self.state == State::Quoted).then_some(self.opened)
    }
}

/// A stream whose quotes are followed.
pub(super) struct Watched<R> {
    inner: R,
    pub(super) quotes: Quotes,
}

impl<R> Watched<R> {
    pub(super) const fn new(inner: R, delimiter: u8) -> Self {
        Self { inner, quotes: Quotes::new(delimiter) }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.quotes.read(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Option<u64> {
        let mut quotes = Quotes::new(b',');
        quotes.read(text.as_bytes());
        quotes.open()
    }

    #[test]
    fn a_quote_is_open_until_a_single_one_follows() {
        assert_eq!(open("a,\"b\nc"), Some(1));
        assert_eq!(open("a,b\n1,\"2\n3,4\n"), Some(2));
        assert_eq!(open("a,\"b \"\"c\"\" d"), Some(1));
        for whole in ["a,\"b \"\"c\"\" d\"\n", "a,\"b\"", "a,\"\"\n", "a,b\"c\n", "a,\"b\"c\"d\n", "", "\"a\n\",b"] {
            assert_eq!(open(whole), None, "{whole}");
        }
    }

    #[test]
    fn a_text_in_parts_is_the_same_text() {
        let text = "a,\"b \"\"c\"\" d\"\n\"e";
        for at in 0..text.len() {
            let mut watched = Watched::new(text.as_bytes()[..at].chain(&text.as_bytes()[at..]), b',');
            io::copy(&mut watched, &mut io::sink()).expect("memory");
            assert_eq!(watched.quotes.open(), Some(2));
        }
    }
}
