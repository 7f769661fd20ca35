//! Files that are whole or absent: written beside their place, fsynced, renamed.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file under way.
pub struct Pending {
    writer: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl Pending {
    /// Starts a file in the folder of `path`.
    ///
    /// # Errors
    /// If the folder does not exist or is not writable.
    pub fn create(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self { writer: BufWriter::new(NamedTempFile::new_in(folder)?), path: path.to_owned() })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        file.persist(&self.path).map_err(|e| e.error)?;
        Ok(())
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
