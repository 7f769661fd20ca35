//! `review passages`: reviewed rows and their corpus in, labelled passages to learn from out.

use super::{same_file, table};
use crate::cli::PassagesArgs;
use crate::document::Dyad;
use crate::gold;
use crate::ingest::{self, Settings};
use crate::mention::Detector;
use crate::model::Model;
use crate::output::cell::unguard;
use crate::output::columns::{ACTOR, DOC_ID, REVIEW_STANCE, STANCE, TARGET};
use crate::output::file::Pending;
use crate::passage::{Scope, passages};
use crate::registry::Registry;
use crate::review::passages::{Judgement, labelled};
use crate::review::table::Table;
use crate::review::typed::stance;
use crate::segment::sentences;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::io::Write;

/// Writes the passages and tells how many rows found theirs. `false` if some did not.
pub(super) fn run(args: &PassagesArgs, out: &mut dyn Write) -> Result<bool> {
    let mut judged = judgements(&table(&args.merged)?)?;
    let rows: usize = judged.values().map(Vec::len).sum();
    let elsewhere = judged.values().flatten().filter(|j| !j.holds_for_evidence()).count();
    for input in std::iter::once(&args.merged).chain(&args.corpus) {
        ensure!(!same_file(&args.output, input), "{} would overwrite its own input", args.output.display());
    }
    ensure!(rows > 0, "{} has no row with a review_stance", args.merged.display());
    let registry = Registry::with(&args.registry)?;
    let scope = Scope::named(args.target.as_deref(), &registry)?;
    let detector = Detector::new(registry);
    let model = Model::open(&args.model)?;
    let settings = Settings::standard();
    let (mut texts, mut lost, mut rejected) = (Vec::new(), 0, 0);
    for input in &ingest::inputs(&args.corpus)? {
        for record in ingest::open(input, &settings)? {
            let Ok(reading) = record else {
                rejected += 1;
                continue;
            };
            let document = reading.document;
            let Some(judgements) = judged.remove(&document.id) else { continue };
            let mut linked = detector.link(&document.text, document.date);
            if let Scope::Toward(target) = &scope {
                linked.name_target(&document.text, target, &args.target_alias);
            }
            let sentences = sentences(&document.text);
            let size = |text: &str| model.encoder.count(text);
            let budget = model.stance.context_tokens;
            let passages = passages(&document, &sentences, &linked.mentions, &scope, budget, size)?;
            let (found, missed) = labelled(&document, &sentences, &linked.mentions, &passages, &judgements);
            texts.extend(found);
            lost += missed;
        }
    }
    ensure!(!texts.is_empty(), "none of the {rows} reviewed rows is found in {}", args.corpus[0].display());
    let mut file = Pending::create(&args.output).with_context(|| format!("cannot write {}", args.output.display()))?;
    gold::write(&texts, &mut file)?;
    file.finish()?;
    let absent: usize = judged.values().flatten().filter(|j| j.holds_for_evidence()).count();
    writeln!(out, "{rows} reviewed rows: {} in {} passages", rows - lost - absent - elsewhere, texts.len())?;
    if elsewhere > 0 {
        writeln!(
            out,
            "  {elsewhere} rows left out: another stance than the model's, and several passages that may prove it"
        )?;
    }
    if rejected > 0 {
        writeln!(out, "  {rejected} records of the corpus cannot be read")?;
    }
    if let Some(document) = judged.keys().next() {
        writeln!(out, "  {absent} rows of {} documents that the corpus lacks, such as `{document}`", judged.len())?;
    }
    if lost > 0 {
        writeln!(
            out,
            "  {lost} rows whose sentence or dyad is not found: was another text, registry or --target labelled?"
        )?;
    }
    writeln!(out, "passages: {}", args.output.display())?;
    Ok(lost + absent == 0)
}

/// Reviewed rows by document id.
fn judgements(table: &Table) -> Result<BTreeMap<String, Vec<Judgement>>> {
    let column = |name: &'static str| table.need(name);
    let (doc, actor, target) = (column(DOC_ID)?, column(ACTOR)?, column(TARGET)?);
    let (model, review) = (column(STANCE)?, column(REVIEW_STANCE)?);
    let (start, end, passages) = (column("evidence_start")?, column("evidence_end")?, column("n_passages")?);
    let mut judged: BTreeMap<String, Vec<Judgement>> = BTreeMap::new();
    for row in &table.rows {
        let label = |column| {
            let expected = "none, recognize, engage or condemn";
            stance(row.cell(Some(column))).map_err(|cell| table.cell_error(row, &cell, expected))
        };
        let byte = |column| {
            let cell = row.cell(Some(column));
            cell.parse().map_err(|_| table.cell_error(row, cell, "a whole number"))
        };
        let Some(said) = label(review)? else { continue };
        let id = |column| unguard(row.cell(Some(column)));
        judged.entry(id(doc).to_owned()).or_default().push(Judgement {
            dyad: Dyad { actor: id(actor).into(), target: id(target).into() },
            model: label(model)?.ok_or_else(|| table.cell_error(row, "", "the model's label"))?,
            stance: said,
            evidence: (byte(start)?, byte(end)?),
            passages: byte(passages)?,
        });
    }
    Ok(judged)
}
