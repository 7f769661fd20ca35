//! `demarche explain`: one document through every stage, as text or as a page.

use super::outputs::same_file;
use crate::cli::ExplainArgs;
use crate::document::Document;
use crate::explain::{page, text, trace};
use crate::ingest;
use crate::mention::Detector;
use crate::model::Model;
use crate::output::file::Pending;
use crate::passage::Scope;
use crate::pipeline::Corridor;
use crate::registry::Registry;
use anyhow::{Result, bail, ensure};
use std::io::Write;

/// Runs the command; the explanation, or where its page is, goes to `out`.
///
/// # Errors
/// If the document cannot be read or found, or the model, a registry file or the page cannot be opened.
pub fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<()> {
    let registry = Registry::with(&args.registry)?;
    let scope = Scope::named(args.target.as_deref(), &registry)?;
    if let Some(html) = &args.html {
        ensure!(!same_file(html, &args.input), "{} would overwrite its own input", html.display());
    }
    let mut document = document(args)?;
    document.date = args.date.or(document.date);
    let detector = Detector::new(registry);
    let model = Model::open(&args.model)?.looking_again(args.look.second_look)?;
    let engine = model.cpu_engine()?;
    let corridor = Corridor::new(&detector, &model, &engine, &scope);
    let trace = trace(&corridor, document, &args.target_alias, model.stance.thresholds(args.precision)?)?;
    match &args.html {
        None => text::print(&trace, detector.registry(), out)?,
        Some(path) => {
            let mut file = Pending::create(path)?;
            file.write_all(page::render(&trace, detector.registry())?.as_bytes())?;
            file.finish()?;
            writeln!(out, "explanation: {}", path.display())?;
        }
    }
    Ok(())
}

/// The first document of the input, or the one with the id that was asked for.
fn document(args: &ExplainArgs) -> Result<Document> {
    let settings = super::corpus::settings(&args.columns, args.date_column.as_ref());
    let inputs = ingest::inputs(std::slice::from_ref(&args.input))?;
    for input in &inputs {
        for record in ingest::open(input, &settings)? {
            match record {
                Ok(reading) if args.doc.as_ref().is_none_or(|id| *id == reading.document.id) => {
                    return Ok(reading.document);
                }
                Err(reject) if args.doc.is_none() => {
                    bail!("{}: record {}: {}", reject.path, reject.record, reject.reason)
                }
                _ => {}
            }
        }
    }
    match &args.doc {
        Some(id) => bail!("{} holds no document `{id}` that can be read", args.input.display()),
        None => bail!("{} holds no document", args.input.display()),
    }
}
