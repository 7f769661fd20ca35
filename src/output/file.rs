//! Files that are whole or absent: written beside their place as `NAME.part`, synchronised, renamed.
//!
//! A file that is given up vanishes, unless its part was secured: that can be taken up again at the secured length.
//! Every error names the file.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file under way.
pub struct Pending {
    writer: BufWriter<File>,
    path: PathBuf,
    written: u64,
    /// The part is to outlive this value: it was secured, or is in its place.
    kept: Cell<bool>,
}

impl Pending {
    /// Starts a file in the folder of `path`.
    ///
    /// # Errors
    /// If the folder does not exist or is not writable.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(part(path)).map_err(|error| named(path, &error))?;
        Ok(Self { writer: BufWriter::new(file), path: path.to_owned(), written: 0, kept: Cell::new(false) })
    }

    /// Takes up the part that a stopped run left, cut to its first `length` bytes.
    ///
    /// # Errors
    /// If there is no part, or it is shorter.
    pub fn resume(path: &Path, length: u64) -> io::Result<Self> {
        let cut = || {
            let mut file = OpenOptions::new().write(true).open(part(path))?;
            let found = file.metadata()?.len();
            if found < length {
                let reason = format!("{} has {found} bytes, {length} were written", part(path).display());
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
            }
            file.set_len(length)?;
            file.seek(SeekFrom::Start(length))?;
            Ok(file)
        };
        let file = cut().map_err(|error| named(path, &error))?;
        Ok(Self { writer: BufWriter::new(file), path: path.to_owned(), written: length, kept: Cell::new(true) })
    }

    /// Makes sure that what was flushed is on the disk, and says how many bytes that is.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn secured(&self) -> io::Result<u64> {
        self.writer.get_ref().sync_data().map_err(|error| named(&self.path, &error))?;
        self.kept.set(true);
        Ok(self.written - self.writer.buffer().len() as u64)
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        let file = self.writer.get_ref();
        let placed = file.sync_all().and_then(|()| std::fs::rename(part(&self.path), &self.path));
        placed.map_err(|error| named(&self.path, &error))?;
        self.kept.set(true);
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.kept.get() {
            // Nothing can be done about a part that cannot be removed, and nothing depends on it.
            let _ = std::fs::remove_file(part(&self.path));
        }
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.writer.write(bytes).map_err(|error| named(&self.path, &error))?;
        self.written += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(|error| named(&self.path, &error))
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_absent_until_it_is_whole_and_a_part_goes_on_where_it_was_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.csv");
        let mut file = Pending::create(&path).expect("starts");
        file.write_all("Perú;".as_bytes()).expect("written");
        file.flush().expect("written");
        let good = file.secured().expect("on disk");
        file.write_all(b"torn").expect("written");
        file.flush().expect("written");
        drop(file);
        assert!(!path.exists());
        assert!(Pending::resume(&path, 99).is_err());
        let mut file = Pending::resume(&path, good).expect("goes on");
        file.write_all(b"Chad").expect("written");
        file.finish().expect("in place");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "Perú;Chad");
        drop(Pending::create(&folder.path().join("given up.csv")).expect("starts"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_begun_or_ended_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.csv");
        let file = Pending::create(&path).expect("starts");
        std::fs::remove_file(part(&path)).expect("taken away");
        let faults = [file.finish().err(), Pending::create(&path.join("b.csv")).err(), Pending::resume(&path, 1).err()];
        for fault in faults {
            let fault = fault.expect("an error").to_string();
            assert!(fault.starts_with("cannot write ") && fault.contains("a.csv"), "{fault}");
        }
    }
}
