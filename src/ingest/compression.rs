//! Opens files that may be compressed, told by their magic bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Opens a file; gzip and Zstandard are decompressed.
///
/// # Errors
/// If the file cannot be opened or read.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut file = BufReader::new(File::open(path)?);
    let head = io::BufRead::fill_buf(&mut file)?;
    if head.starts_with(&[0x1f, 0x8b]) {
        Ok(Box::new(flate2::bufread::MultiGzDecoder::new(file)))
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Ok(Box::new(zstd::Decoder::with_buffer(file)?))
    } else {
        Ok(Box::new(file))
    }
}
