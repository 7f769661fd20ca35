//! `demarche evaluate`: model against labelled data. Measures what `evaluate_pairs` or `evaluate_docs` judged, prints the
//! figures and writes the files that were asked for.

use super::evaluate_print::{comparison, intervals, review, table};
use super::outputs::apart;
use super::{evaluate_against, evaluate_behaviour, evaluate_docs, evaluate_estimate, evaluate_pairs};
use crate::cli::EvaluateArgs;
use crate::document::Dyad;
use crate::evaluation::{self, DataFile, Evaluation, Judged, Provenance};
use crate::gold_docs;
use crate::metrics::classification::Confusion;
use crate::metrics::interval::Bootstrap;
use crate::metrics::review::part;
use crate::model::Model;
use crate::model::folder::sha256;
use crate::output::figures::{rows, write_csv};
use crate::output::file::Pending;
use crate::registry::Registry;
use crate::report::evaluation as report;
use crate::stance::{Stance, StanceProbs};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::PathBuf;

/// What a way of evaluating hands over.
pub(super) struct Outcome {
    /// Every judged pair.
    pub judged: Vec<Judged>,
    /// Title, JSON key and confusion of each table, in order.
    pub tables: Vec<(&'static str, &'static str, Confusion)>,
    /// Printed after the tables; empty for nothing.
    pub remark: String,
    /// Further keys of the JSON.
    pub details: Map<String, Value>,
}

/// Runs the command; the tables go to `out`. `false` only if a behavioural group is below `--min-rate`.
///
/// # Errors
/// If a file cannot be read or written, the model does not open, or `--against` holds other pairs.
pub fn run(args: &EvaluateArgs, out: &mut dyn Write) -> Result<bool> {
    let outputs = [&args.predictions, &args.json, &args.csv, &args.report].into_iter().flatten();
    let outputs: Vec<_> = outputs.map(PathBuf::as_path).collect();
    let articles = args.docs.as_deref().map(gold_docs::files).unwrap_or_default();
    let inputs = args.gold.iter().chain(&articles).chain(&args.against).chain(&args.estimate);
    apart(&outputs, inputs, "give --json, --csv, --report and --predictions names of their own")?;
    if let Some(path) = &args.estimate {
        return evaluate_estimate::run(path, args, out).map(|()| true);
    }
    let open = || anyhow::Ok(Model::open(&args.model)?.looking_again(args.look.second_look)?);
    if args.behaviour {
        return evaluate_behaviour::run(args, &open()?, out);
    }
    // Created before the work, so that a path that cannot be written fails at once.
    let files = Files::create(args)?;
    let model = open()?;
    let thresholds = model.stance.thresholds(args.precision)?;
    let mut outcome = match &args.docs {
        Some(folder) => evaluate_docs::judge_folder(folder, args.errors, &model, out)?,
        None => evaluate_pairs::judge(&args.gold, &model)?,
    };
    let claims: Vec<_> = outcome.judged.iter().map(|j| (j.probs, j.gold)).collect();
    let parted = part(&claims, thresholds);
    outcome.details.insert("review".to_owned(), json!({ "precision": args.precision, "labels": parted }));
    let judged = &outcome.judged;
    let against = match &args.against {
        Some(path) => Some((path.display().to_string(), evaluate_against::labels(path, judged)?)),
        None => None,
    };
    let evaluation = Evaluation::of(provenance(args, &model, judged)?, judged, against);
    for (title, _, confusion) in &outcome.tables {
        table(title, confusion, out)?;
    }
    write!(out, "{}", outcome.remark)?;
    intervals(&evaluation, out)?;
    review(args.precision, &parted, out)?;
    comparison(&evaluation, out)?;
    files.write(&evaluation, &outcome, &model)?;
    Ok(true)
}

/// What was evaluated, with what.
fn provenance(args: &EvaluateArgs, model: &Model, judged: &[Judged]) -> Result<Provenance> {
    let gold = match &args.docs {
        Some(folder) => vec![folder.join("gold.jsonl")],
        None => args.gold.clone(),
    };
    let digest = |path: &PathBuf| {
        let read = || std::fs::read(path).with_context(|| format!("gold file {}", path.display()));
        let sha256 = path.is_file().then(|| read().map(|bytes| sha256(&bytes))).transpose()?;
        Ok(DataFile { path: path.display().to_string(), sha256 })
    };
    let (first_date, last_date) = evaluation::period(judged);
    Ok(Provenance {
        version: env!("CARGO_PKG_VERSION"),
        command: command(std::env::args().skip(1)),
        model: model.stance.name.clone(),
        checksum: model.checksum.clone(),
        data: gold.iter().map(digest).collect::<Result<_>>()?,
        first_date,
        last_date,
        bootstrap: Bootstrap { resamples: args.resamples as usize, seed: args.seed },
    })
}

/// The command line again; arguments that a shell would split are quoted.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=+,:@%".contains(c);
    arguments.fold("demarche".to_owned(), |line, argument| {
        let quoted =
            if argument.chars().all(plain) { argument } else { format!("'{}'", argument.replace('\'', r"'\''")) };
        format!("{line} {quoted}")
    })
}

/// The files that were asked for; those that are not written vanish.
struct Files {
    predictions: Option<Pending>,
    json: Option<Pending>,
    csv: Option<Pending>,
    report: Option<Pending>,
}

impl Files {
    fn create(args: &EvaluateArgs) -> Result<Self> {
        let create = |path: &Option<PathBuf>| path.as_deref().map(Pending::create).transpose();
        Ok(Self {
            predictions: create(&args.predictions)?,
            json: create(&args.json)?,
            csv: create(&args.csv)?,
            report: create(&args.report)?,
        })
    }

    fn write(self, evaluation: &Evaluation, outcome: &Outcome, model: &Model) -> Result<()> {
        if let Some(mut file) = self.predictions {
            for j in &outcome.judged {
                writeln!(file, "{}", prediction(&j.id, &j.dyad, j.gold, j.probs))?;
            }
            file.finish()?;
        }
        if let Some(mut file) = self.json {
            writeln!(file, "{:#}", figures_json(evaluation, outcome, model))?;
            file.finish()?;
        }
        if let Some(mut file) = self.csv {
            write_csv(&rows(evaluation), &mut file)?;
            file.finish()?;
        }
        if let Some(mut file) = self.report {
            let errors = evaluation::worst_errors(&outcome.judged, report::ERRORS);
            file.write_all(report::render(evaluation, &errors, &Registry::embedded()?)?.as_bytes())?;
            file.finish()?;
        }
        Ok(())
    }
}

/// One line of `--predictions`.
fn prediction(id: &str, dyad: &Dyad, gold: Stance, probs: StanceProbs) -> Value {
    let [none, recognize, engage, condemn] = probs.as_array();
    json!({
        "id": id, "actor": dyad.actor, "target": dyad.target, "gold": gold, "stance": probs.best(),
        "p_none": none, "p_recognize": recognize, "p_engage": engage, "p_condemn": condemn,
    })
}

/// `--json`: the tables, then everything with intervals.
fn figures_json(evaluation: &Evaluation, outcome: &Outcome, model: &Model) -> Value {
    let mut report = Map::new();
    report.insert("model".to_owned(), json!(model.stance.name));
    for (_, key, confusion) in &outcome.tables {
        report.insert((*key).to_owned(), table_json(confusion));
    }
    report.extend(outcome.details.clone());
    report.insert("provenance".to_owned(), json!(evaluation.provenance));
    report.insert("figures".to_owned(), json!(rows(evaluation)));
    report.insert("reliability".to_owned(), json!(evaluation.reliability));
    if let Some(against) = &evaluation.against {
        report.insert("against".to_owned(), json!(against));
    }
    Value::Object(report)
}

/// The figures of one confusion matrix.
fn table_json(confusion: &Confusion) -> Value {
    let classes: Map<String, Value> =
        Stance::ALL.into_iter().map(|s| (s.name().to_owned(), json!(confusion.class(s)))).collect();
    json!({
        "pairs": confusion.total(), "classes": classes, "macro_f1": confusion.macro_f1(&Stance::ALL),
        "macro_f1_stances": confusion.macro_f1(&Stance::POSITIONS), "accuracy": confusion.accuracy(),
        "confusion": confusion,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted_into_a_shell() {
        let typed = ["evaluate", "my gold.jsonl", "it's"].map(str::to_owned);
        assert_eq!(command(typed.into_iter()), r"demarche evaluate 'my gold.jsonl' 'it'\''s'");
    }
}
