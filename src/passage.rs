//! Sentences with linked mentions into passages: what the model reads at once, and which dyads it is asked about.
//!
//! A passage is a sentence that mentions a polity, with as many sentences before it as the token budget holds; it begins
//! with one that mentions a polity too, so what an article opens with before it names any changes no label. It is asked
//! about the directed dyads of its polities of which at least one stands in the sentence itself; so each sentence is
//! evidence once, and a stance that is split over two sentences is still seen. Toward one target, a passage that does
//! not name it gets the nearest sentence before that does: articles name their topic once and go on with "the council",
//! "it", "the move".

use crate::document::{ByteSpan, Document, Dyad, Mention, PolityId, Sentence};
use crate::registry::Registry;

/// One sentence in its context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Context and sentence.
    pub span: ByteSpan,
    /// An earlier sentence, apart from the rest, that names the target.
    pub anchor: Option<ByteSpan>,
    /// The sentence: the evidence.
    pub sentence: ByteSpan,
    /// Directed dyads to classify.
    pub dyads: Vec<Dyad>,
}

impl Passage {
    /// What the model reads, in order: the anchor, then context and sentence.
    pub fn spans(&self) -> Vec<ByteSpan> {
        self.anchor.into_iter().chain([self.span]).collect()
    }
}

/// Which dyads are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every directed dyad.
    All,
    /// Only stances toward this polity.
    Toward(PolityId),
}

impl Scope {
    /// The scope of `--target`: a registry id or name, or none for all dyads.
    ///
    /// # Errors
    /// If the registry does not know the name, or several polities bear it.
    pub fn named(target: Option<&str>, registry: &Registry) -> Result<Self, UnknownTarget> {
        let Some(name) = target else { return Ok(Self::All) };
        registry.find(name).map(Self::Toward).ok_or_else(|| UnknownTarget(name.to_owned()))
    }
}

/// A target that is no polity.
#[derive(Debug, thiserror::Error)]
#[error("target `{0}` is no polity of the registry, or names several; give its id, such as RUS or #TALIBAN")]
pub struct UnknownTarget(String);

/// Passages of a document, one a sentence at most; its mentions stand in their order. `size` counts the tokens of a stretch of text; context is taken in
/// while the whole stays within `budget`.
///
/// # Errors
/// The first error of `size`.
pub fn passages<E>(
    document: &Document,
    sentences: &[Sentence],
    mentions: &[Mention],
    scope: &Scope,
    budget: usize,
    mut size: impl FnMut(&str) -> Result<usize, E>,
) -> Result<Vec<Passage>, E> {
    let mut passages = Vec::new();
    // The nearest sentence so far that names the target.
    let mut named = None;
    for (i, sentence) in sentences.iter().enumerate() {
        let here = polities(mentions, sentence.span);
        if here.is_empty() {
            continue;
        }
        // Toward a target that neither the sentence nor its context names, the nearest sentence that does goes in front.
        let anchor = match scope {
            Scope::Toward(target) if here.contains(&target) => {
                named = Some(sentence.span);
                None
            }
            Scope::Toward(_) => named,
            Scope::All => None,
        };
        let mut span = sentence.span;
        let mut tokens = size(span.of(&document.text))?;
        for left in sentences[..i].iter().rev() {
            tokens += size(left.span.of(&document.text))?;
            if tokens > budget {
                break;
            }
            if !polities(mentions, left.span).is_empty() {
                span = span.cover(left.span);
            }
        }
        let anchor = anchor.filter(|anchor| !span.contains(*anchor));
        let mut all = polities(mentions, span);
        if let (Some(_), Scope::Toward(target)) = (anchor, scope) {
            all.push(target);
        }
        let mut dyads = Vec::new();
        for actor in &all {
            for target in &all {
                let asked = match scope {
                    Scope::All => true,
                    Scope::Toward(polity) => *target == polity,
                };
                if asked && actor != target && (here.contains(actor) || here.contains(target)) {
                    dyads.push(Dyad { actor: (*actor).clone(), target: (*target).clone() });
                }
            }
        }
        if !dyads.is_empty() {
            passages.push(Passage { span, anchor, sentence: sentence.span, dyads });
        }
    }
    Ok(passages)
}

/// Polities mentioned inside `span`, by first appearance.
fn polities(mentions: &[Mention], span: ByteSpan) -> Vec<&PolityId> {
    let mut found: Vec<&PolityId> = Vec::new();
    let from = mentions.partition_point(|m| m.span.start() < span.start());
    for mention in mentions[from..].iter().take_while(|m| m.span.start() < span.end()).filter(|m| span.contains(m.span))
    {
        if !found.contains(&&mention.polity) {
            found.push(&mention.polity);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn setup() -> (Document, Vec<Sentence>, Vec<Mention>) {
        let text = "Peru met Chile. It rained. The move angered Chile. Bolivia slept.";
        let span = |s: &str, from: usize| {
            let start = from + text[from..].find(s).expect("in text");
            ByteSpan::new(text, start, start + s.len()).expect("on boundaries")
        };
        let sentences = ["Peru met Chile.", "It rained.", "The move angered Chile.", "Bolivia slept."]
            .map(|s| Sentence { span: span(s, 0) })
            .to_vec();
        let mention = |s: &str, from, polity: &str| Mention { span: span(s, from), polity: polity.into() };
        let mentions = vec![
            mention("Peru", 0, "PER"),
            mention("Chile", 0, "CHL"),
            mention("Chile", 20, "CHL"),
            mention("Bolivia", 0, "BOL"),
        ];
        let document =
            Document { id: "d".into(), date: None, title: String::new(), text: text.into(), source: "d".into() };
        (document, sentences, mentions)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape that `passages` asks for")]
    fn words(text: &str) -> Result<usize, Infallible> {
        Ok(text.split(' ').count())
    }

    fn shown(scope: &Scope, budget: usize) -> Vec<(String, Vec<String>)> {
        let (document, sentences, mentions) = setup();
        let Ok(passages) = passages(&document, &sentences, &mentions, scope, budget, words);
        passages
            .iter()
            .map(|p| {
                let dyads = p.dyads.iter().map(|d| format!("{}>{}", d.actor, d.target)).collect();
                (p.span.of(&document.text).to_owned(), dyads)
            })
            .collect()
    }

    #[test]
    fn a_sentence_is_asked_about_its_own_polities_and_those_just_before() {
        let found = shown(&Scope::All, 9);
        assert_eq!(found[0], ("Peru met Chile.".into(), vec!["PER>CHL".into(), "CHL>PER".into()]));
        assert_eq!(found[1].0, "Peru met Chile. It rained. The move angered Chile.");
        assert_eq!(found[1].1, ["PER>CHL", "CHL>PER"]);
        assert_eq!(found[2].1, ["CHL>BOL", "BOL>CHL"]);
    }

    #[test]
    fn a_passage_begins_with_a_sentence_that_names_a_polity() {
        let found = shown(&Scope::All, 9);
        assert_eq!(found[2].0, "The move angered Chile. Bolivia slept.", "there is room for `It rained.` too");
    }

    #[test]
    fn without_room_for_context_only_the_sentence_itself_counts() {
        assert_eq!(shown(&Scope::All, 1).len(), 1);
    }

    #[test]
    fn a_target_leaves_only_stances_toward_it_and_is_brought_along() {
        let found = shown(&Scope::Toward("CHL".into()), 1);
        let bolivia = ("Bolivia slept.".to_owned(), vec!["BOL>CHL".to_owned()]);
        assert_eq!(found, [("Peru met Chile.".to_owned(), vec!["PER>CHL".to_owned()]), bolivia]);
        let (document, sentences, mentions) = setup();
        let scope = Scope::Toward("CHL".into());
        let Ok(passages) = passages(&document, &sentences, &mentions, &scope, 1, words);
        let anchor = passages[1].anchor.map(|span| span.of(&document.text));
        assert_eq!(anchor, Some("The move angered Chile."));
    }
}
