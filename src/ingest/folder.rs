//! What a corpus consists of: the files that were named, and those below the folders that were named.
//!
//! Tells formats by extension and opens nothing; what a file holds is for [`super::open`] to find out.

use super::IngestError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One article a file.
    Text,
    /// Comma-separated values with a header.
    Csv,
    /// Tab-separated values with a header.
    Tsv,
    /// One JSON object a line.
    Jsonl,
    /// Parquet.
    Parquet,
}

impl Format {
    fn of(extension: &str) -> Option<Self> {
        match extension {
            "txt" | "text" => Some(Self::Text),
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// A file of the corpus and its id: the path below the folder that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Where to read; `-` for standard input.
    pub path: PathBuf,
    /// Name below the input folder, with `/`.
    pub name: String,
    /// The format that its extension names, or the user for standard input; without one the content tells.
    pub format: Option<Format>,
    /// Why an entry of a folder cannot be read: it is a link to nowhere, a folder that may not be listed.
    pub fault: Option<String>,
}

/// The files that are to be read, and how many are not.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Corpus {
    /// Files in the order of the arguments, folders walked in name order.
    pub inputs: Vec<Input>,
    /// Files below folders that are of no format that is read, by extension with its dot; empty for files without one.
    pub skipped: BTreeMap<String, usize>,
}

/// The files of the inputs; what standard input holds, unless its content is to tell.
///
/// # Errors
/// If an input does not exist or a folder holds nothing readable.
pub fn corpus(paths: &[PathBuf], stdin: Option<Format>) -> Result<Corpus, IngestError> {
    let mut corpus = Corpus::default();
    for path in paths {
        if path.as_os_str() == "-" {
            corpus.inputs.push(Input { path: path.clone(), name: "stdin".into(), format: stdin, fault: None });
            continue;
        }
        let open = |source| IngestError::Open { path: path.clone(), source };
        if std::fs::metadata(path).map_err(open)?.is_file() {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let format = Format::of(&extension(path));
            corpus.inputs.push(Input { path: path.clone(), name, format, fault: None });
            continue;
        }
        let before = corpus.inputs.len();
        corpus.walk(path)?;
        if corpus.inputs.len() == before {
            return Err(IngestError::Empty { path: path.clone() });
        }
    }
    Ok(corpus)
}

/// The files of [`corpus`] alone.
///
/// # Errors
/// As there.
pub fn inputs(paths: &[PathBuf]) -> Result<Vec<Input>, IngestError> {
    Ok(corpus(paths, None)?.inputs)
}

impl Corpus {
    fn walk(&mut self, folder: &Path) -> Result<(), IngestError> {
        for entry in walkdir::WalkDir::new(folder).follow_links(true).sort_by_file_name() {
            let (path, format, fault) = match entry {
                Ok(entry) if !entry.file_type().is_file() => continue,
                Ok(entry) => {
                    let extension = extension(entry.path());
                    let Some(format) = Format::of(&extension) else {
                        let dotted = if extension.is_empty() { extension } else { format!(".{extension}") };
                        *self.skipped.entry(dotted).or_default() += 1;
                        continue;
                    };
                    (entry.into_path(), Some(format), None)
                }
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    if error.depth() == 0 {
                        let source = error.into_io_error().unwrap_or_else(|| std::io::Error::other(reason));
                        return Err(IngestError::Open { path, source });
                    }
                    (path, None, Some(reason))
                }
            };
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            self.inputs.push(Input { path, name, format, fault });
        }
        Ok(())
    }
}

/// Extension that tells the format: the one before `.gz` or `.zst`.
fn extension(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let bare = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    bare.rsplit_once('.').map(|(_, extension)| extension.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_of_other_formats_are_counted_and_a_link_to_nowhere_is_an_entry_with_a_fault() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("b")).expect("made");
        for name in ["a.txt", "b/c.CSV.gz", "p.html", "b/q.html.zst", "x.json", "README"] {
            fs::write(at(name), "Peru met Chile.").expect("written");
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("nowhere.txt", at("d.txt")).expect("linked");
        let corpus = corpus(&[folder.path().to_owned()], None).expect("a corpus");
        let skipped = [(String::new(), 1), (".html".to_owned(), 2), (".json".to_owned(), 1)];
        assert_eq!(corpus.skipped, BTreeMap::from(skipped));
        let read = corpus.inputs.iter().filter(|input| input.fault.is_none());
        let read: Vec<_> = read.map(|input| (input.name.as_str(), input.format)).collect();
        assert_eq!(read, [("a.txt", Some(Format::Text)), ("b/c.CSV.gz", Some(Format::Csv))]);
        #[cfg(unix)]
        {
            let broken: Vec<_> = corpus.inputs.iter().filter_map(|i| Some((&i.name, i.fault.as_ref()?))).collect();
            assert_eq!(broken.len(), 1);
            assert!(broken[0].0 == "d.txt" && broken[0].1.starts_with("No such file"), "{broken:?}");
        }
    }
}
