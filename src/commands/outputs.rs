//! Whether what a command is about to write would take the place of what it reads, or of another output. Writing is left to
//! `output::file`.

use anyhow::{Result, bail, ensure};
use std::path::{Path, PathBuf};

/// Whether two paths name the same file, even one that is yet to be written.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    place(a) == place(b)
}

fn place(path: &Path) -> PathBuf {
    let beside = || {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    path.canonicalize().ok().or_else(beside).unwrap_or_else(|| path.to_owned())
}

/// Refuses outputs that would overwrite an input or one another; `way_out` says which arguments name them.
///
/// # Errors
/// Names the first such output.
pub(super) fn apart<'a>(outputs: &[&Path], inputs: impl IntoIterator<Item = &'a PathBuf>, way_out: &str) -> Result<()> {
    for (i, path) in outputs.iter().enumerate() {
        let twice = outputs[..i].iter().any(|other| same_file(path, other));
        ensure!(!twice, "{} would be written twice; {way_out}", path.display());
    }
    // A corpus may have a million files: each is looked up once, and none if there is nothing to overwrite.
    let old: Vec<_> = outputs.iter().filter(|path| path.exists()).map(|path| (path, place(path))).collect();
    if old.is_empty() {
        return Ok(());
    }
    for input in inputs {
        let input = place(input);
        if let Some((path, _)) = old.iter().find(|(_, place)| *place == input) {
            bail!("{} would overwrite its own input; {way_out}", path.display());
        }
    }
    Ok(())
}
