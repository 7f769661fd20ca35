//! `demarche evaluate --behaviour`: the behavioural suite against a model, end to end.

use crate::behaviour::{self, Failure, Plan, Report, Score};
use crate::cli::EvaluateArgs;
use crate::mention::Detector;
use crate::model::Model;
use crate::passage::Scope;
use crate::pipeline::Corridor;
use crate::registry::Registry;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::io::Write;

/// Runs the command; the table goes to `out`. `true` unless a group is below `--min-rate`.
///
/// # Errors
/// If a text cannot be labelled, a result cannot be written, or `--min-rate` is no share.
pub(super) fn run(args: &EvaluateArgs, model: &Model, out: &mut dyn Write) -> Result<bool> {
    if let Some(rate) = args.min_rate {
        ensure!((0.0..=1.0).contains(&rate), "--min-rate {rate} is no share of cases; give a number from 0 to 1");
    }
    let engine = model.cpu_engine()?;
    let detector = Detector::new(Registry::embedded()?);
    let corridor = Corridor::new(&detector, model, &engine, &Scope::All);
    let (groups, countries) = (behaviour::groups()?, behaviour::countries()?);
    let (additions, neighbours) = (behaviour::additions(), behaviour::neighbours()?);
    let plan = Plan {
        groups: &groups,
        countries: &countries,
        additions: &additions,
        neighbours: &neighbours,
        fills: args.fills.into(),
        seed: args.seed,
    };
    let report = plan.run(&corridor)?;
    table(&report, out)?;
    writeln!(out, "seed {}, {} fills a case, registry {}", args.seed, args.fills, detector.registry().version)?;
    if args.errors {
        for failure in &report.failures {
            print_failure(failure, out)?;
        }
    }
    if let Some(path) = &args.json {
        let report = json!({
            "model": model.stance.name, "registry": detector.registry().version, "seed": args.seed,
            "fills": args.fills, "groups": report.scores.iter().map(score).collect::<Vec<_>>(),
            "failures": report.failures.iter().map(failure).collect::<Vec<_>>(),
        });
        std::fs::write(path, format!("{report:#}\n")).with_context(|| format!("figures {}", path.display()))?;
    }
    let Some(rate) = args.min_rate else { return Ok(true) };
    let below: Vec<&str> = report.scores.iter().filter(|score| score.rate() < rate).map(|score| score.group).collect();
    if !below.is_empty() {
        writeln!(out, "below {rate}: {}", below.join(", "))?;
    }
    Ok(below.is_empty())
}

fn table(report: &Report, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{:<22} {:>6} {:>7} {:>7}", "group", "cases", "passed", "rate")?;
    for score in &report.scores {
        writeln!(out, "{:<22} {:>6} {:>7} {:>7.3}", score.group, score.cases, score.passed, score.rate())?;
    }
    Ok(())
}

fn print_failure(failure: &Failure, out: &mut dyn Write) -> Result<()> {
    let Failure { group, id, text, miss } = failure;
    let expected = miss.expected.map_or("any label", |stance| stance.name());
    let (actor, target) = (&miss.dyad.actor, &miss.dyad.target);
    Ok(writeln!(out, "{group} {id}: {actor} toward {target} expected {expected}, found {}: {text}", miss.found)?)
}

fn score(score: &Score) -> serde_json::Value {
    json!({ "group": score.group, "cases": score.cases, "passed": score.passed, "rate": score.rate() })
}

/// `expected` is null where any label would do, `found` where a polity was not linked, `probability` where the model was
/// not asked.
fn failure(failure: &Failure) -> serde_json::Value {
    let miss = &failure.miss;
    json!({
        "group": failure.group, "id": failure.id, "text": failure.text,
        "actor": miss.dyad.actor, "target": miss.dyad.target, "expected": miss.expected,
        "found": miss.found.stance(), "probability": miss.found.probability(), "unlinked": miss.found.unlinked(),
    })
}
