//! `review agree`: reviewed files in, figures of agreement out.

use super::{table, tables, write_json};
use crate::cli::AgreeArgs;
use crate::commands::outputs::apart;
use crate::metrics::interval::Bootstrap;
use crate::report::evaluation::range;
use crate::review::agreement::{Agreement, Figure, Pair, Together, compute};
use crate::review::ratings::collect;
use anyhow::{Result, ensure};
use std::io::Write;
use std::path::PathBuf;

/// Countries that the terminal lists; the JSON has all.
const COUNTRIES: usize = 15;

/// Computes the figures and prints them.
pub(super) fn run(args: &AgreeArgs, out: &mut dyn Write) -> Result<()> {
    let json: Vec<_> = args.json.iter().map(PathBuf::as_path).collect();
    apart(&json, args.reviewed.iter().chain(&args.stances), "give --json another name")?;
    let stances = args.stances.as_deref().map(table).transpose()?;
    let ratings = collect(&tables(&args.reviewed)?, stances.as_ref())?;
    ensure!(!ratings.units.is_empty(), "no row has a review_stance: there is nothing to compare");
    let bootstrap = Bootstrap { resamples: args.resamples as usize, seed: args.seed };
    let found = compute(&ratings, bootstrap);
    if let Some(path) = &args.json {
        write_json(path, &found)?;
    }
    Ok(tell(&found, out)?)
}

fn tell(found: &Agreement, out: &mut dyn Write) -> std::io::Result<()> {
    let raters = found.raters.join(", ");
    writeln!(out, "{} rows of {} documents, labelled by {raters}", found.rows, found.documents)?;
    if found.raters.len() > 1 {
        heading("reviewers", "rows", "α", out)?;
        line("all", &found.all, out)?;
        heading("class against the rest", "labels", "α", out)?;
        for class in &found.classes {
            let name = class.class.name();
            writeln!(out, "{name:<30}{:>6}  {:<24}{}", class.labels, shown(class.agreement), shown(class.alpha))?;
        }
        heading("rows of the actor", "rows", "α", out)?;
        let countries = found.countries.iter().take(COUNTRIES);
        for country in countries {
            line(&country.actor, &country.together, out)?;
        }
        if let Some(more) = found.countries.len().checked_sub(COUNTRIES).filter(|more| *more > 0) {
            writeln!(out, "{more} more countries: see --json")?;
        }
        pairs("two reviewers", &found.pairs, out)?;
    }
    pairs("against the model", &found.model, out)?;
    pairs("against the model, audit rows", &found.model_on_audit, out)?;
    let Bootstrap { resamples, seed } = found.bootstrap;
    writeln!(out, "\n95 % intervals: {resamples} resamples of whole documents, seed {seed}")
}

fn pairs(title: &str, pairs: &[Pair], out: &mut dyn Write) -> std::io::Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    heading(title, "rows", "κ", out)?;
    for pair in pairs {
        let names = format!("{} and {}", pair.first, pair.second);
        writeln!(out, "{names:<30}{:>6}  {:<24}{}", pair.rows, shown(pair.agreement), shown(pair.kappa))?;
    }
    Ok(())
}

fn heading(title: &str, count: &str, coefficient: &str, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "\n{title:<30}{count:>6}  {:<24}{coefficient}", "agreement")
}

fn line(name: &str, together: &Together, out: &mut dyn Write) -> std::io::Result<()> {
    let Together { rows, agreement, alpha } = together;
    writeln!(out, "{name:<30}{rows:>6}  {:<24}{}", shown(*agreement), shown(*alpha))
}

fn shown(figure: Figure) -> String {
    let text = figure.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3} {}", range(figure.interval)));
    text.trim_end().to_owned()
}
