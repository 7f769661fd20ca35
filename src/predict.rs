//! Scores labelled texts through an engine: what `evaluate`, `train` and `refit` measure on.
//!
//! Each text is one passage with its mentions given. Files and figures are left to the callers.

use crate::document::{ByteSpan, Dyad};
use crate::encode::ROLES;
use crate::example::Example;
use crate::gold::GoldText;
use crate::look::{Answer, AskError, Looks};
use crate::stance::StanceProbs;

/// The examples of a text: its pairs over its mentions, each with the indices of the pairs that it holds.
pub fn examples(text: &GoldText) -> Vec<(Example<'_>, Vec<usize>)> {
    let dyads: Vec<Dyad> = text.pairs.iter().map(|p| p.dyad.clone()).collect();
    let span = ByteSpan::new(&text.text, 0, text.text.len()).expect("the whole text is a span of it");
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
