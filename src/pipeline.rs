//! The corridor for one window of documents: sentences, mentions, passages, examples, logits, stances.
//!
//! Pure given its parts: no file is touched here. Results come back in document order and do not depend on the window.

use crate::aggregate::{DocumentStance, Evidence, pool};
use crate::document::{Document, Dyad};
use crate::encode::ROLES;
use crate::engine::Engine;
use crate::example::Example;
use crate::look::{AskError, Looks};
use crate::mention::{Detector, Linked};
use crate::model::Model;
use crate::passage::{Passage, Scope, passages};
use crate::segment::sentences;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What the corridor is made of.
pub struct Corridor<'a> {
    /// Finds and links polities.
    pub detector: &'a Detector,
    /// Asks the model.
    pub looks: Looks<'a>,
    /// Budget of a passage with its context, in tokens.
    pub context_tokens: usize,
    /// Which dyads are asked about.
    pub scope: &'a Scope,
}

/// A document with all that was found in it.
pub struct Labelled {
    /// The document.
    pub document: Document,
    /// Mentions and rejected matches.
    pub linked: Linked,
    /// Every passage-level word, in passage order.
    pub evidence: Vec<(Dyad, Evidence)>,
    /// Stances by actor, then target; `none` included.
    pub stances: Vec<DocumentStance>,
}

struct Prepared<'a> {
    passages: Vec<Passage>,
    /// Examples with the passage and the dyads of it that each holds.
    examples: Vec<(Example<'a>, usize, Vec<usize>)>,
}

impl<'a> Corridor<'a> {
    /// The corridor through a model, with an engine on its weights.
    pub fn new(detector: &'a Detector, model: &'a Model, engine: &'a dyn Engine, scope: &'a Scope) -> Self {
        Self { detector, looks: Looks::new(model, engine), context_tokens: model.stance.context_tokens, scope }
    }

    /// Labels a window of documents. Toward one target, `aliases` are further names of it.
    ///
    /// # Errors
    /// If the tokenizer or the engine refuses an example.
    pub fn label(&self, documents: Vec<Document>, aliases: &[String]) -> Result<Vec<Labelled>, AskError> {
        let link = |document: &Document| {
            let mut linked = self.detector.link(&document.text, document.date);
            if let Scope::Toward(target) = self.scope {
                linked.name_target(&document.text, target, aliases);
            }
            linked
        };
        let linked = documents.par_iter().map(link).collect();
        self.label_linked(documents, linked)
    }

    /// As [`Corridor::label`], with the mentions given.
    ///
    /// # Errors
    /// If the tokenizer or the engine refuses an example.
    pub fn label_linked(&self, documents: Vec<Document>, linked: Vec<Linked>) -> Result<Vec<Labelled>, AskError> {
        let mut prepared: Vec<Prepared<'_>> = documents
            .par_iter()
            .zip(&linked)
            .map(|(document, linked)| self.prepare(document, linked))
            .collect::<Result<_, AskError>>()?;
        let (mut owners, mut asked) = (Vec::new(), Vec::new());
        for (d, document) in prepared.iter_mut().enumerate() {
            for (example, passage, members) in std::mem::take(&mut document.examples) {
                owners.push((d, passage, members));
                asked.push(example);
            }
        }
        let mut evidence: Vec<Vec<(Dyad, Evidence)>> = documents.iter().map(|_| Vec::new()).collect();
        for ((d, passage, members), seen) in owners.into_iter().zip(self.looks.at(&asked)?) {
            let passage = &prepared[d].passages[passage];
            for (member, answer) in members.into_iter().zip(seen.answers) {
                let word = Evidence {
                    sentence: passage.sentence,
                    probs: answer.probs,
                    truncated: seen.cut,
                    alone: answer.alone,
                };
                evidence[d].push((passage.dyads[member].clone(), word));
            }
        }
        let labelled = documents.into_iter().zip(linked).zip(evidence);
        Ok(labelled.map(|((document, linked), evidence)| finish(document, linked, evidence)).collect())
    }

    fn prepare<'d>(&self, document: &'d Document, linked: &Linked) -> Result<Prepared<'d>, AskError> {
        let sentences = sentences(&document.text);
        let budget = self.context_tokens;
        let size = |text: &str| self.looks.encoder.count(text);
        let passages = passages(document, &sentences, &linked.mentions, self.scope, budget, size)?;
        let mut examples = Vec::new();
        for (p, passage) in passages.iter().enumerate() {
            let covering = Example::covering(&document.text, &passage.spans(), &linked.mentions, &passage.dyads, ROLES);
            examples.extend(covering.into_iter().map(|(example, members)| (example, p, members)));
        }
        Ok(Prepared { passages, examples })
    }
}

fn finish(document: Document, linked: Linked, evidence: Vec<(Dyad, Evidence)>) -> Labelled {
    let mut by_dyad: BTreeMap<Dyad, Vec<Evidence>> = BTreeMap::new();
    for (dyad, word) in &evidence {
        by_dyad.entry(dyad.clone()).or_default().push(word.clone());
    }
    let stances = by_dyad.into_iter().filter_map(|(dyad, words)| pool(dyad, &document.text, &words)).collect();
    Labelled { document, linked, evidence, stances }
}
