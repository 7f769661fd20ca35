//! Bytes to text: UTF-8, byte-order marks, UTF-16, and Windows-1252 for what is not UTF-8 but for a stray byte.

use encoding_rs::WINDOWS_1252;
use encoding_rs_io::DecodeReaderBytesBuilder;
use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

/// How a document's bytes were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// UTF-8, with or without a mark.
    Utf8,
    /// UTF-16, told by its mark.
    Utf16,
    /// UTF-8 with stray bytes, each of which became `U+FFFD`.
    Damaged,
    /// Not UTF-8: read as Windows-1252.
    Windows1252,
}

impl Encoding {
    /// Name for `run.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Damaged => "utf-8 with stray bytes",
            Self::Windows1252 => "windows-1252",
        }
    }
}

/// A stream without its byte-order mark, UTF-16 turned to UTF-8; and whether it was UTF-16. Bytes of other encodings
/// pass unchanged.
pub(super) fn reader(raw: Box<dyn Read + Send>) -> io::Result<(BufReader<Box<dyn Read + Send>>, Encoding)> {
    let mut raw = BufReader::with_capacity(1 << 16, raw);
    let head = raw.fill_buf()?;
    let encoding = match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Encoding::Utf16,
        _ => Encoding::Utf8,
    };
    let decoder = DecodeReaderBytesBuilder::new().bom_sniffing(true).strip_bom(true).utf8_passthru(true).build(raw);
    Ok((BufReader::with_capacity(1 << 16, Box::new(decoder)), encoding))
}

/// Text of one record's bytes.
///
/// # Errors
/// If the bytes are no text: they hold NUL.
pub(super) fn text(bytes: &[u8], stream: Encoding) -> Result<(String, Encoding), String> {
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(format!("byte {at} of the record is NUL: not text"));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok((text.to_owned(), stream));
    }
    let (text, encoding) = not_utf8(bytes);
    Ok((text.into_owned(), encoding))
}

/// Text of a whole file's bytes, by the same rules; the mark is not part of it.
pub fn whole(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(bytes) {
        let found = if encoding == encoding_rs::UTF_8 { Encoding::Utf8 } else { Encoding::Utf16 };
        return (encoding.decode_with_bom_removal(bytes).0, found);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), Encoding::Utf8),
        Err(_) => not_utf8(bytes),
    }
}

/// Two letters of Windows-1252 in a row are a character of UTF-8 by chance only: bytes that hold more such characters than
/// faults are UTF-8 that something damaged.
fn not_utf8(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    let (mut sound, mut faults) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        faults += usize::from(!chunk.invalid().is_empty());
    }
    if sound > faults {
        (String::from_utf8_lossy(bytes), Encoding::Damaged)
    } else {
        (WINDOWS_1252.decode_without_bom_handling(bytes).0, Encoding::Windows1252)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_byte_in_utf_8_leaves_its_letters_and_windows_1252_is_told_from_it() {
        let damaged = ["Côte d’Ivoire, Türkiye ".as_bytes(), &[0xff], b" met"].concat();
        assert_eq!(whole(&damaged), ("Côte d’Ivoire, Türkiye \u{fffd} met".into(), Encoding::Damaged));
        let narrow = WINDOWS_1252.encode("Côte d’Ivoire, Türkiye – “Perú”").0.into_owned();
        assert_eq!(whole(&narrow), ("Côte d’Ivoire, Türkiye – “Perú”".into(), Encoding::Windows1252));
    }
}
