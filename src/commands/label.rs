//! `demarche label`: a corpus in, the stance table, rejects and `run.json` out.

mod tables;
mod tally;

use super::corpus;
use super::outputs::apart;
use crate::cli::LabelArgs;
use crate::document::Document;
use crate::engine::{cpu::CpuEngine, memo::Memo};
use crate::ingest::{self, Input, Settings, compression::Limits};
use crate::mention::Detector;
use crate::model::{Model, folder::sha256};
use crate::output::{file::Pending, stances::SCHEMA};
use crate::passage::Scope;
use crate::pipeline::Corridor;
use crate::registry::Registry;
use anyhow::{Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tables::{Tables, beside, journal};
use tally::Tally;

/// Documents that are labelled together: enough to fill both cores, few enough to bound memory.
const WINDOW: usize = 32;

/// Runs the command; the summary goes to `out`. `true` if no record was rejected.
///
/// # Errors
/// If the corpus, the model or a registry file cannot be opened, or a result cannot be written.
pub fn run(args: &LabelArgs, out: &mut dyn Write) -> Result<bool> {
    let started = Instant::now();
    let ingest::Corpus { inputs, skipped } = ingest::corpus(&args.inputs, args.format)?;
    ensure!(
        args.format.is_none() || args.inputs.iter().any(|path| path.as_os_str() == "-"),
        "--format is for standard input (-); files are told by their extension"
    );
    spared(args, &inputs)?;
    let registry = Registry::with(&args.registry)?;
    let scope = Scope::named(args.target.as_deref(), &registry)?;
    let detector = Detector::new(registry);
    let model = Model::open(&args.model)?.looking_again(args.look.second_look)?;
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global()?;
    }
    let engine = Memo::new(model.cpu_engine()?);
    let corridor = Corridor::new(&detector, &model, &engine, &scope);
    let thresholds = model.stance.thresholds(args.precision)?;
    let fingerprint = fingerprint(args, &inputs, &model, detector.registry());
    let (mut tables, mut tally) = Tables::open(args, detector.registry(), thresholds, fingerprint)?;
    let resumed = tally.read;

    let consumed = Arc::new(AtomicU64::new(0));
    let bar = progress(args.quiet, &inputs);
    let settings = settings(args, Arc::clone(&consumed));
    let mut window: Vec<Document> = Vec::new();
    let flush = |window: &mut Vec<Document>, tables: &mut Tables, tally: &mut Tally| -> Result<()> {
        for labelled in corridor.label(std::mem::take(window), &args.target_alias)? {
            tables.document(&labelled, tally)?;
        }
        bar.set_position(consumed.load(Ordering::Relaxed));
        let rate = (tally.read - resumed) as f64 / started.elapsed().as_secs_f64();
        bar.set_message(format!("{} documents, {rate:.1}/s", tally.read));
        tables.secure(tally)
    };
    let mut skip = resumed;
    for input in &inputs {
        for record in corpus::open(input, &settings, inputs.len() == 1)? {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            tally.read += 1;
            match record {
                Ok(reading) => {
                    tally.reading(&reading);
                    window.push(reading.document);
                    if window.len() == WINDOW {
                        flush(&mut window, &mut tables, &mut tally)?;
                    }
                }
                Err(reject) => {
                    if args.strict {
                        bail!("{}: record {}: {} (--strict)", reject.path, reject.record, reject.reason);
                    }
                    tally.rejected += 1;
                    tables.reject(&reject)?;
                }
            }
        }
    }
    flush(&mut window, &mut tables, &mut tally)?;
    bar.finish_and_clear();
    ensure!(skip == 0, "the corpus is shorter than what the stopped run had read; run without --resume to start anew");
    ensure!(tally.read > 0, "the corpus holds no document: {} is empty", args.inputs[0].display());
    ensure!(
        tally.adds_up(),
        "documents in ({}) differ from labelled + without countries + rejected: a defect, please report it",
        tally.read
    );
    tables.finish()?;
    let seconds = started.elapsed().as_secs_f64();
    let run = beside(&args.output, "run.json");
    write_run(&run, &tally, &skipped, &model, &engine, &detector.registry().version, seconds)?;
    tally.show(detector.registry(), seconds, out)?;
    if !skipped.is_empty() {
        writeln!(out, "{}", other_formats(&skipped))?;
    }
    if resumed > 0 {
        writeln!(out, "of these, {resumed} records were read before the run was resumed")?;
    }
    if tally.rejected > 0 {
        writeln!(out, "rejected records are listed in {}", beside(&args.output, "rejects.csv").display())?;
    }
    writeln!(out, "stances: {}", args.output.display())?;
    Ok(tally.rejected == 0)
}

/// Refuses, before any work, to write over what is read or twice to one place.
fn spared(args: &LabelArgs, inputs: &[Input]) -> Result<()> {
    let (rejects, run, journal) =
        (beside(&args.output, "rejects.csv"), beside(&args.output, "run.json"), journal(&args.output));
    let mut outputs = vec![args.output.as_path(), &rejects, &run, &journal];
    outputs.extend(args.evidence.as_deref());
    let files = inputs.iter().map(|input| &input.path).filter(|path| path.as_os_str() != "-");
    apart(
        &outputs,
        files.chain(&args.registry),
        "give -o and --evidence other names; rejects.csv and run.json go to the folder of -o",
    )
}

/// `3 files of other formats skipped: .html 2, .json 1`.
fn other_formats(skipped: &BTreeMap<String, usize>) -> String {
    let kind = |(extension, count): (&String, &usize)| match extension.as_str() {
        "" => format!("without extension {count}"),
        extension => format!("{extension} {count}"),
    };
    let kinds = skipped.iter().map(kind).collect::<Vec<_>>().join(", ");
    let count = skipped.values().sum::<usize>();
    format!("{count} {} of other formats skipped: {kinds}", if count == 1 { "file" } else { "files" })
}

/// Digest of all that the rows depend on.
fn fingerprint(args: &LabelArgs, inputs: &[Input], model: &Model, registry: &Registry) -> String {
    let files: Vec<_> = inputs.iter().map(|input| (&input.path, size(input))).collect();
    let rows = json!({
        "schema": SCHEMA, "model": model.checksum, "registry": registry.version, "files": files, "format": args.format,
        "target": args.target, "aliases": args.target_alias, "evidence": args.evidence, "none": args.include_none,
        "columns": [&args.columns.text, &args.columns.id, &args.date, &args.columns.title],
        "codes": args.codes, "excel": args.excel, "precision": args.precision, "stance": model.stance,
    });
    sha256(rows.to_string().as_bytes())
}

/// Bytes on disk; none for standard input.
fn size(input: &Input) -> Option<u64> {
    std::fs::metadata(&input.path).ok().map(|m| m.len()).filter(|_| input.path.as_os_str() != "-")
}

/// The record of the run: what went in, by which means, what came out.
fn write_run(
    path: &Path,
    tally: &Tally,
    skipped: &BTreeMap<String, usize>,
    model: &Model,
    engine: &Memo<CpuEngine>,
    registry: &str,
    seconds: f64,
) -> Result<()> {
    let run = json!({
        "program": concat!("demarche ", env!("CARGO_PKG_VERSION")), "schema": SCHEMA,
        "arguments": std::env::args().skip(1).collect::<Vec<_>>(),
        "model": { "name": model.stance.name, "sha256": model.checksum, "engine": "cpu" },
        "registry": registry,
        "documents": { "in": tally.read, "labelled": tally.labelled,
            "without_countries": tally.without_countries, "rejected": tally.rejected },
        "other_formats": skipped,
        "rows": tally.rows, "passages": tally.passages, "second_looks": tally.second_looks, "truncated_passages": tally.truncated,
        "repeated_examples": engine.spared(),
        "unreadable_dates": tally.bad_dates, "encodings": tally.encodings, "seconds": seconds,
    });
    let mut file = Pending::create(path)?;
    writeln!(file, "{run:#}")?;
    Ok(file.finish()?)
}

fn settings(args: &LabelArgs, consumed: Arc<AtomicU64>) -> Settings {
    let limits = Limits { bytes: args.max_unpacked_mib << 20, ratio: args.max_ratio };
    Settings { limits, consumed, ..corpus::settings(&args.columns, args.date.as_ref()) }
}

/// A bar over the bytes of the corpus, whose number of documents nobody knows beforehand; a spinner for standard input.
/// Silent when standard error is no terminal.
fn progress(quiet: bool, inputs: &[Input]) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let total: Option<u64> = inputs.iter().filter(|input| input.fault.is_none()).map(size).sum();
    let (bar, template) = match total {
        Some(bytes) => (ProgressBar::new(bytes), "{bar:24} {percent:>3} %  {msg}  {elapsed} gone, {eta} to go"),
        None => (ProgressBar::new_spinner(), "{spinner} {msg}  {elapsed}"),
    };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
