//! Decompression told by magic bytes, bounded in size and ratio.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far a compressed file may unfold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that one file may unfold to.
    pub bytes: u64,
    /// Times its compressed size that a file may unfold to, beyond the first 16 MiB.
    pub ratio: u64,
}

impl Limits {
    /// 64 GiB and 200 times: above what news text reaches, far below a decompression bomb.
    pub const STANDARD: Self = Self { bytes: 64 << 30, ratio: 200 };
    const FREE: u64 = 16 << 20;
}

/// Opens a file; gzip and Zstandard are decompressed within [`Limits::STANDARD`].
///
/// # Errors
/// If the file cannot be opened or read.
pub fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    bounded(Box::new(File::open(path)?), Limits::STANDARD)
}

/// Decompresses a stream if its first bytes say so; plain streams pass unbounded.
///
/// # Errors
/// If the first bytes cannot be read.
pub fn bounded(raw: Box<dyn Read + Send>, limits: Limits) -> io::Result<Box<dyn Read + Send>> {
    let consumed = Arc::new(AtomicU64::new(0));
    let mut file = BufReader::with_capacity(1 << 16, Counted::new(raw, Arc::clone(&consumed)));
    let head = file.fill_buf()?;
    let unfolded: Box<dyn Read + Send> = if head.starts_with(&[0x1f, 0x8b]) {
        Box::new(flate2::bufread::MultiGzDecoder::new(file))
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(zstd::Decoder::with_buffer(file)?)
    } else {
        return Ok(Box::new(file));
    };
    Ok(Box::new(Bounded { inner: unfolded, consumed, produced: 0, limits }))
}

/// A stream that counts its bytes.
pub(super) struct Counted {
    inner: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Counted {
    pub(super) fn new(inner: Box<dyn Read + Send>, count: Arc<AtomicU64>) -> Self {
        Self { inner, count }
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

struct Bounded {
    inner: Box<dyn Read + Send>,
    consumed: Arc<AtomicU64>,
    produced: u64,
    limits: Limits,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.produced += n as u64;
        let packed = self.consumed.load(Ordering::Relaxed).max(1);
        let Limits { bytes, ratio } = self.limits;
        if self.produced > bytes {
            return Err(io::Error::other(format!("unfolds to more than {bytes} bytes; raise --max-unpacked-mib")));
        }
        if self.produced > Limits::FREE && self.produced / packed > ratio {
            return Err(io::Error::other(format!("unfolds more than {ratio}-fold; raise --max-ratio if you trust it")));
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("in memory");
        encoder.finish().expect("in memory")
    }

    fn unfold(bytes: Vec<u8>, limits: Limits) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        bounded(Box::new(io::Cursor::new(bytes)), limits)?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn gzip_zstandard_and_plain_bytes_are_told_apart_by_content() {
        let text = "Côte d’Ivoire".as_bytes();
        let zst = zstd::encode_all(text, 3).expect("in memory");
        for packed in [text.to_vec(), gzip(text), zst] {
            assert_eq!(unfold(packed, Limits::STANDARD).expect("unfolds"), text);
        }
    }

    #[test]
    fn a_bomb_is_stopped_and_names_the_flag() {
        let bomb = gzip(&vec![0; 40 << 20]);
        let error = unfold(bomb.clone(), Limits::STANDARD).expect_err("a thousandfold");
        assert!(error.to_string().contains("--max-ratio"));
        let error = unfold(bomb, Limits { bytes: 1 << 20, ratio: u64::MAX }).expect_err("over 1 MiB");
        assert!(error.to_string().contains("--max-unpacked-mib"));
    }

    #[test]
    fn a_torn_file_is_an_error() {
        let mut packed = gzip(&b"news ".repeat(1000));
        packed.truncate(packed.len() / 2);
        assert!(unfold(packed, Limits::STANDARD).is_err());
    }
}
