//! `demarche label`: a corpus in, the stance table, rejects and `run.json` out.

use crate::cli::LabelArgs;
use crate::document::Document;
use crate::ingest::{self, Columns, Input, Records, Reject, Settings, compression::Limits};
use crate::mention::Detector;
use crate::model::Model;
use crate::output::{
    cell::guard,
    file::Pending,
    stances::{SCHEMA, StanceWriter},
};
use crate::passage::Scope;
use crate::pipeline::{Corridor, Labelled};
use crate::registry::Registry;
use crate::stance::Stance;
use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Documents that are labelled together: enough to fill both cores, few enough to bound memory.
const WINDOW: usize = 32;

/// What went in and came out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Counts {
    read: usize,
    labelled: usize,
    without_countries: usize,
    rejected: usize,
    rows: usize,
    passages: usize,
    truncated: usize,
    bad_dates: usize,
    encodings: BTreeMap<&'static str, usize>,
    stances: BTreeMap<Stance, usize>,
    dyads: BTreeMap<(String, String, Stance), usize>,
}

/// Runs the command; the summary goes to `out`. `true` if no record was rejected.
///
/// # Errors
/// If the corpus, the model or a registry file cannot be opened, or a result cannot be written.
pub fn run(args: &LabelArgs, out: &mut dyn Write) -> Result<bool> {
    let started = Instant::now();
    let inputs = ingest::inputs(&args.inputs)?;
    let mut registry = Registry::embedded()?;
    for path in &args.registry {
        registry.extend(path)?;
    }
    let scope = match &args.target {
        None => Scope::All,
        Some(name) => Scope::Toward(registry.find(name).with_context(|| {
            format!(
                "--target `{name}` is no polity of the registry, or names several; give its id, such as RUS or #TALIBAN"
            )
        })?),
    };
    let detector = Detector::new(registry);
    let model = Model::open(&args.model)?;
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global()?;
    }
    let engine = model.cpu_engine()?;
    let corridor = Corridor {
        detector: &detector,
        encoder: &model.encoder,
        engine: &engine,
        stance: &model.stance,
        scope: &scope,
    };
    let table = |path: &Path| -> Result<_> {
        let file = Pending::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(StanceWriter::new(file, detector.registry(), &model.stance, args.excel, args.codes)?)
    };
    let mut stances = table(&args.output)?;
    let mut evidence = args.evidence.as_deref().map(table).transpose()?;
    let rejects_path = beside(&args.output, "rejects.csv");
    let mut rejects = csv::Writer::from_writer(Pending::create(&rejects_path)?);
    rejects.write_record(["path", "record", "line", "byte", "reason"])?;

    let bar = progress(args.quiet);
    let mut counts = Counts::default();
    let mut window: Vec<Document> = Vec::new();
    let mut flush = |window: &mut Vec<Document>, counts: &mut Counts| -> Result<()> {
        for labelled in corridor.label(std::mem::take(window), &args.target_alias)? {
            write_document(&labelled, args.include_none, &mut stances, evidence.as_mut(), counts)?;
            bar.inc(1);
        }
        Ok(())
    };
    let settings = settings(args);
    for input in &inputs {
        let records = open(input, &settings, inputs.len() == 1)?;
        for record in records {
            counts.read += 1;
            match record {
                Ok(reading) => {
                    *counts.encodings.entry(reading.encoding.name()).or_default() += 1;
                    counts.bad_dates += usize::from(reading.bad_date.is_some());
                    window.push(reading.document);
                    if window.len() == WINDOW {
                        flush(&mut window, &mut counts)?;
                    }
                }
                Err(reject) => {
                    if args.strict {
                        bail!("{}: record {}: {} (--strict)", reject.path, reject.record, reject.reason);
                    }
                    counts.rejected += 1;
                    write_reject(&mut rejects, &reject)?;
                }
            }
        }
    }
    flush(&mut window, &mut counts)?;
    bar.finish_and_clear();
    ensure!(counts.read > 0, "the corpus holds no document: {} is empty", args.inputs[0].display());
    ensure!(
        counts.read == counts.labelled + counts.without_countries + counts.rejected,
        "documents in ({}) differ from labelled + without countries + rejected: a defect, please report it",
        counts.read
    );
    stances.finish()?.finish()?;
    if let Some(evidence) = evidence {
        evidence.finish()?.finish()?;
    }
    rejects.into_inner().map_err(csv::IntoInnerError::into_error)?.finish()?;
    let seconds = started.elapsed().as_secs_f64();
    let registry = &detector.registry().version;
    write_run(&beside(&args.output, "run.json"), &counts, &model, registry, seconds)?;
    summary(&counts, &corridor, args, seconds, &rejects_path, out)?;
    Ok(counts.rejected == 0)
}

/// The record of the run: what went in, by which means, what came out.
fn write_run(path: &Path, counts: &Counts, model: &Model, registry: &str, seconds: f64) -> Result<()> {
    let run = json!({
        "program": concat!("demarche ", env!("CARGO_PKG_VERSION")), "schema": SCHEMA,
        "arguments": std::env::args().skip(1).collect::<Vec<_>>(),
        "model": { "name": model.stance.name, "sha256": model.checksum, "engine": "cpu" },
        "registry": registry,
        "documents": { "in": counts.read, "labelled": counts.labelled,
            "without_countries": counts.without_countries, "rejected": counts.rejected },
        "rows": counts.rows, "passages": counts.passages, "truncated_passages": counts.truncated,
        "unreadable_dates": counts.bad_dates, "encodings": counts.encodings, "seconds": seconds,
    });
    let mut file = Pending::create(path)?;
    writeln!(file, "{run:#}")?;
    Ok(file.finish()?)
}

fn write_reject<W: Write>(rejects: &mut csv::Writer<W>, reject: &Reject) -> csv::Result<()> {
    let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    rejects.write_record([
        guard(&reject.path),
        reject.record.to_string(),
        number(reject.line),
        number(reject.byte),
        guard(&reject.reason),
    ])
}

/// Opens a file of the corpus. Among others, a file that cannot be opened is one reject; alone, it is the user's mistake.
fn open(input: &Input, settings: &Settings, alone: bool) -> Result<Records> {
    match ingest::open(input, settings) {
        Ok(records) => Ok(records),
        Err(error) if alone => Err(error.into()),
        Err(error) => {
            let (path, reason) = (input.path.display().to_string(), error.to_string());
            Ok(Box::new(std::iter::once(Err(Reject { path, record: 0, line: None, byte: None, reason }))))
        }
    }
}

fn write_document(
    labelled: &Labelled,
    include_none: bool,
    stances: &mut StanceWriter<'_, Pending>,
    evidence: Option<&mut StanceWriter<'_, Pending>>,
    counts: &mut Counts,
) -> Result<()> {
    let Labelled { document, linked, evidence: words, stances: found } = labelled;
    if linked.mentions.is_empty() {
        counts.without_countries += 1;
    } else {
        counts.labelled += 1;
    }
    counts.passages += words.len();
    counts.truncated += words.iter().filter(|(_, word)| word.truncated).count();
    for row in found {
        *counts.stances.entry(row.stance).or_default() += 1;
        if row.stance == Stance::None && !include_none {
            continue;
        }
        stances.stance(document, &linked.mentions, row)?;
        counts.rows += 1;
        let dyad = (row.dyad.actor.0.clone(), row.dyad.target.0.clone(), row.stance);
        *counts.dyads.entry(dyad).or_default() += 1;
    }
    if let Some(evidence) = evidence {
        for (dyad, word) in words {
            evidence.passage(document, &linked.mentions, dyad, word)?;
        }
    }
    Ok(())
}

fn summary(
    counts: &Counts,
    corridor: &Corridor<'_>,
    args: &LabelArgs,
    seconds: f64,
    rejects: &Path,
    out: &mut dyn Write,
) -> Result<()> {
    let mut dyads: Vec<_> = counts.dyads.iter().filter(|((_, _, stance), _)| *stance != Stance::None).collect();
    dyads.sort_by_key(|(dyad, n)| (std::cmp::Reverse(**n), (*dyad).clone()));
    writeln!(out, "{:<24} {:<10} {:<24} {:>9}", "actor", "stance", "target", "documents")?;
    let registry = corridor.detector.registry();
    for ((actor, target, stance), n) in dyads.into_iter().take(15) {
        let (actor, target) = (actor.as_str().into(), target.as_str().into());
        writeln!(out, "{:<24} {stance:<10} {:<24} {n:>9}", registry.name(&actor), registry.name(&target))?;
    }
    let stances = Stance::POSITIONS.map(|s| format!("{} {s}", counts.stances.get(&s).unwrap_or(&0))).join(", ");
    writeln!(out, "\n{} rows: {stances} ({} none)", counts.rows, counts.stances.get(&Stance::None).unwrap_or(&0))?;
    writeln!(
        out,
        "documents: {} in = {} labelled + {} without countries + {} rejected; {:.1} s, {:.1} documents/s",
        counts.read,
        counts.labelled,
        counts.without_countries,
        counts.rejected,
        seconds,
        counts.read as f64 / seconds
    )?;
    if counts.rejected > 0 {
        writeln!(out, "rejected records are listed in {}", rejects.display())?;
    }
    if counts.bad_dates > 0 {
        writeln!(out, "{} documents have a date that is not YYYY-MM-DD; it was left empty", counts.bad_dates)?;
    }
    writeln!(out, "stances: {}", args.output.display())?;
    Ok(())
}

fn settings(args: &LabelArgs) -> Settings {
    let named: Vec<String> = [&args.text, &args.id, &args.date, &args.title].into_iter().flatten().cloned().collect();
    let or = |given: &Option<String>, default: &str| given.clone().unwrap_or_else(|| default.to_owned());
    Settings {
        columns: Columns {
            text: or(&args.text, "text"),
            id: or(&args.id, "id"),
            date: or(&args.date, "date"),
            title: or(&args.title, "title"),
            named,
        },
        limits: Limits { bytes: args.max_unpacked_mib << 20, ratio: args.max_ratio },
    }
}

fn beside(output: &Path, name: &str) -> PathBuf {
    output.with_file_name(name)
}

fn progress(quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {pos} documents  {per_sec}  {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar
}
