//! The files that `label` writes, and the journal that lets a stopped run go on.
//!
//! While a run is under way, each table is a `.part` file. After every window of documents the journal says how much was
//! read and how long each part is; `--resume` cuts the parts to these lengths and reads on from there, so that the tables
//! are, byte for byte, those of a run that was not stopped.

use super::tally::Tally;
use crate::calibrate::Thresholds;
use crate::cli::LabelArgs;
use crate::ingest::Reject;
use crate::output::{cell::guard, file::Pending, stances::StanceWriter};
use crate::pipeline::Labelled;
use crate::registry::Registry;
use crate::stance::Stance;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Stance table, evidence table, rejects.
pub(super) struct Tables<'a> {
    stances: StanceWriter<'a, Pending>,
    evidence: Option<StanceWriter<'a, Pending>>,
    rejects: csv::Writer<Pending>,
    include_none: bool,
    journal: PathBuf,
    fingerprint: String,
}

#[derive(Serialize, Deserialize)]
struct Journal {
    /// Arguments, model, registry and inputs: what makes the rows.
    fingerprint: String,
    tally: Tally,
    /// Bytes of the stance table, the evidence table and the rejects.
    lengths: [u64; 3],
}

/// `rejects.csv` or `run.json` in the folder of the stance table.
pub(super) fn beside(output: &Path, name: &str) -> PathBuf {
    output.with_file_name(name)
}

/// What a stopped run leaves beside its stance table.
pub(super) fn journal(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".resume.json");
    name.into()
}

impl<'a> Tables<'a> {
    /// Starts the files; with `--resume`, takes up those of a stopped run, whose tally is returned.
    ///
    /// # Errors
    /// If a file cannot be written, or the stopped run had other arguments, data or model.
    pub(super) fn open(
        args: &LabelArgs,
        registry: &'a Registry,
        thresholds: Thresholds,
        fingerprint: String,
    ) -> Result<(Self, Tally)> {
        let journal = journal(&args.output);
        let stopped = if args.resume && journal.exists() { Some(read(&journal)?) } else { None };
        if let Some(stopped) = &stopped {
            ensure!(
                stopped.fingerprint == fingerprint,
                "{} was left by a run with other arguments, files, model or registry; run without --resume to start anew",
                journal.display()
            );
        }
        let lengths = stopped.as_ref().map(|s| s.lengths);
        let file = |path: &Path, table: usize| match lengths {
            Some(lengths) => Pending::resume(path, lengths[table]),
            None => Pending::create(path),
        };
        let table = |path: &Path, table: usize| -> Result<StanceWriter<'a, Pending>> {
            let file = file(path, table)?;
            Ok(match lengths {
                Some(_) => StanceWriter::resume(file, registry, thresholds, args.codes),
                None => StanceWriter::new(file, registry, thresholds, args.excel, args.codes)?,
            })
        };
        let mut rejects = csv::Writer::from_writer(file(&beside(&args.output, "rejects.csv"), 2)?);
        if lengths.is_none() {
            rejects.write_record(["path", "record", "line", "byte", "reason"])?;
        }
        let tables = Self {
            stances: table(&args.output, 0)?,
            evidence: args.evidence.as_deref().map(|path| table(path, 1)).transpose()?,
            rejects,
            include_none: args.include_none,
            journal,
            fingerprint,
        };
        Ok((tables, stopped.map(|s| s.tally).unwrap_or_default()))
    }

    /// One document's rows.
    pub(super) fn document(&mut self, labelled: &Labelled, tally: &mut Tally) -> Result<()> {
        let Labelled { document, linked, evidence, stances } = labelled;
        tally.document(labelled);
        for row in stances.iter().filter(|row| row.stance != Stance::None || self.include_none) {
            self.stances.stance(document, &linked.mentions, row)?;
            tally.rows += 1;
        }
        if let Some(table) = &mut self.evidence {
            for (dyad, word) in evidence {
                table.passage(document, &linked.mentions, dyad, word)?;
            }
        }
        Ok(())
    }

    /// One record that could not be read.
    pub(super) fn reject(&mut self, reject: &Reject) -> Result<()> {
        let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
        let (path, reason) = (guard(&reject.path), guard(&reject.reason));
        let place = [reject.record.to_string(), number(reject.line), number(reject.byte)];
        Ok(self.rejects.write_record([&path, &place[0], &place[1], &place[2], &reason])?)
    }

    /// Writes the journal: a run that stops now can go on from here.
    pub(super) fn secure(&mut self, tally: &Tally) -> Result<()> {
        self.rejects.flush()?;
        let lengths = [
            self.stances.flushed()?.secured()?,
            self.evidence.as_mut().map_or(Ok(0), |table| table.flushed()?.secured())?,
            self.rejects.get_ref().secured()?,
        ];
        let journal = Journal { fingerprint: self.fingerprint.clone(), tally: tally.clone(), lengths };
        let fresh = self.journal.with_extension("tmp");
        let written = fs::write(&fresh, serde_json::to_vec(&journal)?).and_then(|()| fs::rename(&fresh, &self.journal));
        written.with_context(|| format!("cannot write {}", self.journal.display()))
    }

    /// Puts the files in their places and drops the journal.
    pub(super) fn finish(self) -> Result<()> {
        self.stances.finish()?.finish()?;
        if let Some(evidence) = self.evidence {
            evidence.finish()?.finish()?;
        }
        self.rejects.into_inner().map_err(csv::IntoInnerError::into_error)?.finish()?;
        match fs::remove_file(&self.journal) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.journal.display()))
            }
            _ => Ok(()),
        }
    }
}

fn read(path: &Path) -> Result<Journal> {
    let at = || format!("{}: not a journal of demarche label; run without --resume to start anew", path.display());
    serde_json::from_slice(&fs::read(path).with_context(at)?).with_context(at)
}
