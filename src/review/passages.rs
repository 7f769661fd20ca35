//! Reviewed rows of a document as labelled passages, which `train`, `refit` and `evaluate` read.
//!
//! A row's evidence is a sentence; its passage is what the model read there. The reviewer judged the document: that the
//! label holds for the passage is certain where the reviewer confirms the model, finds no stance at all, or the row rests on
//! one passage. Else the proof of another stance may stand in another sentence, and the row is left out.

use crate::document::{ByteSpan, Document, Dyad, Mention, Sentence};
use crate::gold::{GoldPair, GoldText};
use crate::output::stances::row_id;
use crate::passage::Passage;
use crate::stance::Stance;

/// A row that a person has judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Identity of the row.
    pub row_id: String,
    /// Who toward whom.
    pub dyad: Dyad,
    /// The model's label.
    pub model: Stance,
    /// The reviewer's.
    pub stance: Stance,
    /// First byte of the evidence sentence, and one past its last.
    pub evidence: (usize, usize),
    /// Passages that the row rests on.
    pub passages: usize,
}

impl Judgement {
    /// Whether the row was made from this very document: another may have the same id.
    pub fn is_of(&self, document: &Document) -> bool {
        let (start, end) = self.evidence;
        ByteSpan::new(&document.text, start, end)
            .is_some_and(|sentence| row_id(document, &self.dyad, sentence) == self.row_id)
    }

    /// Whether the label of the document is that of the evidence sentence.
    pub fn holds_for_evidence(&self) -> bool {
        self.stance == self.model || self.stance == Stance::None || self.passages == 1
    }
}

/// The labelled passages of one document, in order, and how many judgements found no passage: the text is another, or the
/// dyad is no longer found in that sentence.
pub fn labelled(
    document: &Document,
    sentences: &[Sentence],
    mentions: &[Mention],
    passages: &[Passage],
    judgements: &[Judgement],
) -> (Vec<GoldText>, usize) {
    let mut texts = Vec::new();
    let mut placed = 0;
    for passage in passages {
        let span = (passage.sentence.start(), passage.sentence.end());
        let mut pairs: Vec<GoldPair> = Vec::new();
        let here = |j: &&Judgement| j.holds_for_evidence() && j.evidence == span && passage.dyads.contains(&j.dyad);
        for j in judgements.iter().filter(here) {
            placed += 1;
            let pair = GoldPair { dyad: j.dyad.clone(), stance: j.stance, sure: true };
            // A document that the table holds twice has each row twice.
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
        if pairs.is_empty() {
            continue;
        }
        let number = sentences.iter().position(|s| s.span == passage.sentence).map_or(0, |i| i + 1);
        let (text, mentions) = cut(document, &passage.spans(), mentions);
        texts.push(GoldText { id: format!("{}#{number}", document.id), date: document.date, text, mentions, pairs });
    }
    (texts, judgements.iter().filter(|j| j.holds_for_evidence()).count() - placed)
}

/// The stretches of a text as one, with its mentions moved along.
fn cut(document: &Document, spans: &[ByteSpan], mentions: &[Mention]) -> (String, Vec<Mention>) {
    let mut text = String::new();
    let mut moved = Vec::new();
    for span in spans {
        if !text.is_empty() {
            text.push(' ');
        }
        for mention in mentions.iter().filter(|m| span.contains(m.span)) {
            let at = |byte: usize| byte - span.start() + text.len();
            moved.push((at(mention.span.start()), at(mention.span.end()), &mention.polity));
        }
        text.push_str(span.of(&document.text));
    }
    let mention = |(start, end, polity)| {
        let span = ByteSpan::new(&text, start, end).expect("moved by whole characters");
        Mention { span, polity: Clone::clone(polity) }
    };
    let mentions = moved.into_iter().map(mention).collect();
    (text, mentions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passage::{Scope, passages};

    #[test]
    fn a_judgement_labels_the_passage_that_the_model_read() {
        let text = "Perú met Chile. Bolivia slept.";
        let span = |part: &str| {
            let start = text.find(part).expect("in text");
            ByteSpan::new(text, start, start + part.len()).expect("on boundaries")
        };
        let document =
            Document { id: "d".into(), date: None, title: String::new(), text: text.into(), source: "d".into() };
        let sentences = [Sentence { span: span("Perú met Chile.") }, Sentence { span: span("Bolivia slept.") }];
        let mention = |name: &str, id: &str| Mention { span: span(name), polity: id.into() };
        let mentions = [mention("Perú", "PER"), mention("Chile", "CHL"), mention("Bolivia", "BOL")];
        let size = |_: &str| Ok::<_, std::convert::Infallible>(5);
        let Ok(passages) = passages(&document, &sentences, &mentions, &Scope::All, 20, size);
        let judgement = |actor: &str, target: &str, evidence: ByteSpan, passages, stance| Judgement {
            row_id: String::new(),
            dyad: Dyad { actor: actor.into(), target: target.into() },
            model: Stance::Engage,
            stance,
            evidence: (evidence.start(), evidence.end()),
            passages,
        };
        let judgements = [
            judgement("PER", "CHL", span("Perú met Chile."), 1, Stance::Condemn),
            judgement("PER", "CHL", span("Perú met Chile."), 1, Stance::Condemn),
            judgement("CHL", "PER", span("Perú met Chile."), 2, Stance::Condemn),
            judgement("BOL", "CHL", span("Bolivia slept."), 2, Stance::None),
            judgement("BOL", "CHL", span("slept"), 1, Stance::None),
        ];
        let (texts, lost) = labelled(&document, &sentences, &mentions, &passages, &judgements);
        assert_eq!(lost, 1, "the last names no sentence");
        assert_eq!(texts[0].id, "d#1");
        assert_eq!(
            texts[0].pairs.len(),
            1,
            "a twin labels nothing more, and with two passages the proof may stand elsewhere"
        );
        assert_eq!(texts[1].text, text, "the context that the model read belongs to the passage");
        let names: Vec<_> = texts[1].mentions.iter().map(|m| m.span.of(&texts[1].text)).collect();
        assert_eq!(names, ["Perú", "Chile", "Bolivia"]);
    }

    #[test]
    fn a_row_belongs_to_the_document_of_its_content_and_not_to_one_of_the_same_id() {
        let document = |text: &str| Document {
            id: "1".into(),
            date: None,
            title: String::new(),
            text: text.into(),
            source: "d".into(),
        };
        let (monday, friday) = (document("Perú met Chile. Monday."), document("Perú met Chile. Friday."));
        let sentence = ByteSpan::new(&monday.text, 0, "Perú met Chile.".len()).expect("on boundaries");
        let dyad = Dyad { actor: "PER".into(), target: "CHL".into() };
        let judgement = Judgement {
            row_id: row_id(&monday, &dyad, sentence),
            dyad,
            model: Stance::Engage,
            stance: Stance::Engage,
            evidence: (sentence.start(), sentence.end()),
            passages: 1,
        };
        assert!(judgement.is_of(&monday) && !judgement.is_of(&friday));
        assert!(!judgement.is_of(&document("Perú")), "too short for the sentence");
    }
}
