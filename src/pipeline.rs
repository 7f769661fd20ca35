//! The corridor for one window of documents: sentences, mentions, passages, examples, logits, stances.
//!
//! Pure given its parts: no file is touched here. Results come back in document order and do not depend on the window.

use crate::aggregate::{DocumentStance, Evidence, pool};
use crate::document::{Document, Dyad};
use crate::encode::{Batch, EncodedExample, Encoder, ROLES, batches};
use crate::engine::Engine;
use crate::example::Example;
use crate::mention::{Detector, Linked};
use crate::model::Model;
use crate::model::config::StanceConfig;
use crate::passage::{Passage, Scope, passages};
use crate::predict::{BATCH_TOKENS, PredictError};
use crate::segment::sentences;
use crate::stance::StanceProbs;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What the corridor is made of.
pub struct Corridor<'a> {
    /// Finds and links polities.
    pub detector: &'a Detector,
    /// Makes token ids.
    pub encoder: &'a Encoder,
    /// Scores.
    pub engine: &'a dyn Engine,
    /// Input form and calibration.
    pub stance: &'a StanceConfig,
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

struct Prepared {
    linked: Linked,
    passages: Vec<Passage>,
    /// Encoded examples with the passage and the dyads of it that each holds.
    examples: Vec<(EncodedExample, usize, Vec<usize>)>,
}

impl<'a> Corridor<'a> {
    /// The corridor through a model, with an engine on its weights.
    pub fn new(detector: &'a Detector, model: &'a Model, engine: &'a dyn Engine, scope: &'a Scope) -> Self {
        Self { detector, encoder: &model.encoder, engine, stance: &model.stance, scope }
    }

    /// Labels a window of documents. Toward one target, `aliases` are further names of it.
    ///
    /// # Errors
    /// If the tokenizer or the engine refuses an example.
    pub fn label(&self, documents: Vec<Document>, aliases: &[String]) -> Result<Vec<Labelled>, PredictError> {
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
    pub fn label_linked(&self, documents: Vec<Document>, linked: Vec<Linked>) -> Result<Vec<Labelled>, PredictError> {
        let mut prepared: Vec<Prepared> = documents
            .par_iter()
            .zip(linked)
            .map(|(document, linked)| self.prepare(document, linked))
            .collect::<Result<_, PredictError>>()?;
        let mut owners = Vec::new();
        let mut encoded = Vec::new();
        for (d, document) in prepared.iter_mut().enumerate() {
            for (e, (example, _, _)) in document.examples.iter_mut().enumerate() {
                owners.push((d, e));
                encoded.push(std::mem::take(example));
            }
        }
        let mut evidence: Vec<Vec<(Dyad, Evidence)>> = documents.iter().map(|_| Vec::new()).collect();
        for range in batches(&encoded, BATCH_TOKENS) {
            let batch = Batch { examples: encoded[range.clone()].to_vec() };
            let logits = self.engine.logits(&batch)?;
            let mut row = 0;
            for at in range {
                let (d, e) = owners[at];
                let (_, passage, members) = &prepared[d].examples[e];
                let passage = &prepared[d].passages[*passage];
                for member in members {
                    let probs = StanceProbs::from_logits(logits.row(row), self.stance.temperature);
                    let word = Evidence { sentence: passage.sentence, probs, truncated: encoded[at].cut > 0 };
                    evidence[d].push((passage.dyads[*member].clone(), word));
                    row += 1;
                }
            }
        }
        let labelled = documents.into_iter().zip(prepared).zip(evidence);
        Ok(labelled.map(|((document, prepared), evidence)| finish(document, prepared.linked, evidence)).collect())
    }

    fn prepare(&self, document: &Document, linked: Linked) -> Result<Prepared, PredictError> {
        let sentences = sentences(&document.text);
        let budget = self.stance.context_tokens;
        let size = |text: &str| self.encoder.count(text);
        let passages = passages(document, &sentences, &linked.mentions, self.scope, budget, size)?;
        let mut examples = Vec::new();
        for (p, passage) in passages.iter().enumerate() {
            let covering = Example::covering(&document.text, &passage.spans(), &linked.mentions, &passage.dyads, ROLES);
            for (example, members) in covering {
                examples.push((self.encoder.encode(&example)?, p, members));
            }
        }
        Ok(Prepared { linked, passages, examples })
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
