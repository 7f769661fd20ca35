//! Scores labelled texts through an engine: what `evaluate`, `train` and `refit` measure on.
//!
//! Each text is one passage with its mentions given, read from the first sentence that names a polity on, as passages
//! of documents are. Files and figures are left to the callers.

use crate::document::{ByteSpan, Dyad};
use crate::encode::ROLES;
use crate::example::Example;
use crate::gold::GoldText;
use crate::look::{Answer, AskError, Looks};
use crate::segment::sentence_start;
use crate::stance::StanceProbs;

/// The examples of a text: its pairs over its mentions, each with the indices of the pairs that it holds.
pub fn examples(text: &GoldText) -> Vec<(Example<'_>, Vec<usize>)> {
    let dyads: Vec<Dyad> = text.pairs.iter().map(|p| p.dyad.clone()).collect();
    let start = text.mentions.first().map_or(0, |first| sentence_start(&text.text, first.span.start()));
    let span = ByteSpan::new(&text.text, start, text.text.len()).expect("sentences start on boundaries");
    Example::covering(&text.text, &[span], &text.mentions, &dyads, ROLES)
}

/// The answer for every pair of every text, in order.
///
/// # Errors
/// If the tokenizer or the engine refuses a text.
pub fn score(texts: &[GoldText], looks: &Looks<'_>) -> Result<Vec<Vec<Answer>>, AskError> {
    let nothing = Answer { logits: [0.0; 4], probs: StanceProbs::from_weights([0.0; 4]), alone: false };
    let mut answers: Vec<Vec<Answer>> = texts.iter().map(|t| vec![nothing; t.pairs.len()]).collect();
    let (mut asked, mut places) = (Vec::new(), Vec::new());
    for (i, text) in texts.iter().enumerate() {
        for (example, members) in examples(text) {
            asked.push(example);
            places.push((i, members));
        }
    }
    for ((i, members), seen) in places.into_iter().zip(looks.at(&asked)?) {
        for (member, answer) in members.into_iter().zip(seen.answers) {
            answers[i][member] = answer;
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Mention;
    use crate::gold::GoldPair;
    use crate::stance::Stance;

    fn read(text: &str) -> String {
        let mention = |name: &str, polity: &str| {
            let start = text.find(name).expect("the name");
            Mention { span: ByteSpan::new(text, start, start + name.len()).expect("whole"), polity: polity.into() }
        };
        let dyad = Dyad { actor: "PER".into(), target: "TCD".into() };
        let gold = GoldText {
            id: "1".into(),
            date: None,
            text: text.into(),
            mentions: vec![mention("Peru", "PER"), mention("Chad", "TCD")],
            pairs: vec![GoldPair { dyad, stance: Stance::None, sure: true }],
        };
        examples(&gold)[0].0.marked()
    }

    #[test]
    fn reading_begins_with_the_first_sentence_that_names_a_polity() {
        assert_eq!(
            read("It rained. So what? The U.S. dollar fell on Peru. It rained. Chad slept."),
            "The U.S. dollar fell on [P1]. It rained. [P2] slept."
        );
        assert_eq!(read("Peru met Chad. It rained."), "[P1] met [P2]. It rained.");
    }
}
