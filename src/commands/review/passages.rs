//! `review passages`: reviewed rows and their corpus in, labelled passages to learn from out.

use super::table;
use crate::cli::PassagesArgs;
use crate::commands::corpus;
use crate::commands::outputs::same_file;
use crate::document::Dyad;
use crate::gold;
use crate::ingest;
use crate::mention::Detector;
use crate::model::Model;
use crate::output::cell::unguard;
use crate::output::columns::{ACTOR, DOC_ID, REVIEW_STANCE, ROW_ID, STANCE, TARGET};
use crate::output::file::Pending;
use crate::passage::{Scope, passages};
use crate::registry::Registry;
use crate::review::passages::{Judgement, labelled};
use crate::review::table::Table;
use crate::review::typed::stance;
use crate::segment::sentences;
use anyhow::{Result, ensure};
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
    let settings = corpus::settings(&args.columns, args.date.as_ref());
    let (mut texts, mut lost, mut rejected) = (Vec::new(), 0, 0);
    let mut first_reject = None;
    // Documents of each id whose rows were found.
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let inputs = ingest::inputs(&args.corpus)?;
    for input in &inputs {
        for record in corpus::open(input, &settings, inputs.len() == 1)? {
            let mut document = match record {
                Ok(reading) => reading.document,
                Err(reject) => {
                    rejected += 1;
                    first_reject.get_or_insert(reject);
                    continue;
                }
            };
            let Some(waiting) = judged.get_mut(&document.id) else { continue };
            let namesakes = found.entry(document.id.clone()).or_default();
            let (judgements, others): (Vec<_>, Vec<_>) =
                std::mem::take(waiting).into_iter().partition(|judgement| judgement.is_of(&document));
            *waiting = others;
            if judgements.is_empty() {
                continue;
            }
            *namesakes += 1;
            if *namesakes > 1 {
                // What learns or judges tells texts by their ids.
                document.id = format!("{}~{namesakes}", document.id);
            }
            let mut linked = detector.link(&document.text, document.date);
            if let Scope::Toward(target) = &scope {
                linked.name_target(&document.text, target, &args.target_alias);
            }
            let sentences = sentences(&document.text);
            let size = |text: &str| model.encoder.count(text);
            let budget = model.stance.context_tokens;
            let passages = passages(&document, &sentences, &linked.mentions, &scope, budget, size)?;
            let (cut, missed) = labelled(&document, &sentences, &linked.mentions, &passages, &judgements);
            texts.extend(cut);
            lost += missed;
        }
    }
    let unread = match &first_reject {
        Some(first) => {
            let (path, record, reason) = (&first.path, first.record, &first.reason);
            format!("\n{rejected} records cannot be read, the first: {path}, record {record}: {reason}")
        }
        None => String::new(),
    };
    ensure!(
        !texts.is_empty(),
        "none of the {rows} reviewed rows is found in {}; name the files as `label` was, and give the same --text, --id, \
         --date, --title, --target and --registry{unread}",
        args.corpus[0].display()
    );
    // A document of this id was there, but not the one that was labelled.
    let mut absent: BTreeMap<&String, usize> = BTreeMap::new();
    for (id, rest) in &judged {
        let missed = rest.iter().filter(|j| j.holds_for_evidence()).count();
        if found.contains_key(id) {
            lost += missed;
        } else if missed > 0 {
            absent.insert(id, missed);
        }
    }
    let mut file = Pending::create(&args.output)?;
    gold::write(&texts, &mut file)?;
    file.finish()?;
    let (documents, such) = (absent.len(), absent.keys().next().copied());
    let absent: usize = absent.values().sum();
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
    if let Some(document) = such {
        writeln!(out, "  {absent} rows of {documents} documents that the corpus lacks, such as `{document}`")?;
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
    let (row_id, doc, actor, target) = (column(ROW_ID)?, column(DOC_ID)?, column(ACTOR)?, column(TARGET)?);
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
            row_id: row.cell(Some(row_id)).to_owned(),
            dyad: Dyad { actor: id(actor).into(), target: id(target).into() },
            model: label(model)?.ok_or_else(|| table.cell_error(row, "", "the model's label"))?,
            stance: said,
            evidence: (byte(start)?, byte(end)?),
            passages: byte(passages)?,
        });
    }
    Ok(judged)
}
