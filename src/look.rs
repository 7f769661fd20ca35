//! How an example is asked about: all its dyads together, then the doubtful ones a second time, each alone.
//!
//! Together, one pass answers for every dyad, and every polity is a numbered role. Alone, the pass is about one dyad: its
//! two polities are `[ACTOR]` and `[TARGET]`, all others `[OTHER]`, so every layer knows whom it is about, and it begins
//! with the first sentence that names one of the two. That is more accurate and costs a pass a dyad (measured in
//! `docs/experiments.md`); most dyads need no second look.
//!
//! Makes token ids through `encode` and scores through the engine; what the answers mean is left to the callers.

use crate::calibrate::Scale;
use crate::encode::{Batch, EncodeError, EncodedExample, Encoder, batches};
use crate::engine::{Engine, EngineError};
use crate::example::Example;
use crate::model::Model;
use crate::model::config::SecondLook;
use crate::stance::StanceProbs;
use rayon::prelude::*;

/// An example cannot be asked about.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The tokenizer refused.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Tokens that go through the engine in one call.
pub const BATCH_TOKENS: usize = 8192;

/// Asks about examples.
#[derive(Clone, Copy)]
pub struct Looks<'a> {
    /// Makes token ids.
    pub encoder: &'a Encoder,
    /// Scores.
    pub engine: &'a dyn Engine,
    /// Of the probabilities of a first look.
    pub scale: Scale,
    /// Which dyads are doubtful; `None` leaves it at one look.
    pub second: Option<SecondLook>,
}

/// The answers for one example.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Of each dyad, in order.
    pub answers: Vec<Answer>,
    /// Whether tokens were cut to fit the length limit, in the look at all dyads.
    pub cut: bool,
}

/// What the model says of one dyad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Scores as the engine gives them.
    pub logits: [f32; 4],
    /// Calibrated, whichever look they come from.
    pub probs: StanceProbs,
    /// Whether they come from a look at this dyad alone.
    pub alone: bool,
}

impl Answer {
    fn of(logits: [f32; 4], scale: Scale, alone: bool) -> Self {
        Self { logits, probs: scale.probs(logits), alone }
    }
}

impl<'a> Looks<'a> {
    /// Through a model, with an engine on its weights.
    pub fn new(model: &'a Model, engine: &'a dyn Engine) -> Self {
        Self { encoder: &model.encoder, engine, scale: model.stance.scale(), second: model.stance.second_look }
    }

    /// Answers for every dyad of every example, in order. A dyad's answer depends on its example alone.
    ///
    /// # Errors
    /// If the tokenizer or the engine refuses an example.
    pub fn at(&self, examples: &[Example<'_>]) -> Result<Vec<Seen>, AskError> {
        let together = examples.par_iter().map(|e| self.encoder.encode(e)).collect::<Result<Vec<_>, _>>()?;
        let mut rows = self.logits(&together)?.into_iter();
        let mut seen: Vec<Seen> = together
            .iter()
            .map(|e| Seen {
                answers: rows
                    .by_ref()
                    .take(e.dyads.len())
                    .map(|logits| Answer::of(logits, self.scale, false))
                    .collect(),
                cut: e.cut > 0,
            })
            .collect();
        let Some(second) = self.second else { return Ok(seen) };
        let doubted = |answer: &Answer| answer.probs.get(answer.probs.best()) < second.below;
        let doubtful: Vec<(usize, usize)> = seen
            .iter()
            .enumerate()
            .flat_map(|(e, seen)| (0..seen.answers.len()).filter(|d| doubted(&seen.answers[*d])).map(move |d| (e, d)))
            .collect();
        let alone: Vec<EncodedExample> =
            doubtful.par_iter().map(|(e, d)| self.encoder.encode_alone(&examples[*e], *d)).collect::<Result<_, _>>()?;
        for ((e, d), logits) in doubtful.into_iter().zip(self.logits(&alone)?) {
            seen[e].answers[d] = Answer::of(logits, second.scale(), true);
        }
        Ok(seen)
    }

    /// The logits of every dyad, example by example.
    fn logits(&self, encoded: &[EncodedExample]) -> Result<Vec<[f32; 4]>, AskError> {
        let mut rows = Vec::new();
        for range in batches(encoded, BATCH_TOKENS) {
            let batch = Batch { examples: encoded[range].to_vec() };
            let logits = self.engine.logits(&batch)?;
            rows.extend((0..batch.dyads()).map(|row| logits.row(row)));
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Logits;
    use crate::example::Piece;
    use crate::stance::Stance;
    use ndarray::{Array2, aview1};
    use std::path::Path;
    use std::sync::Mutex;

    /// Doubts a dyad whose actor stands twice, and keeps what it was asked. No two dyads get the same scores.
    #[derive(Default)]
    struct Recording(Mutex<Vec<Batch>>);

    fn scores(example: &EncodedExample, (actor, target): (usize, usize)) -> [f32; 4] {
        let [a, t] = [actor, target].map(|role| example.roles[role][0] as f32 / 1000.0);
        let words = (example.ids.iter().sum::<u32>() % 13) as f32;
        // The examples here have three polities, a question about one dyad alone has two roles.
        match (example.roles.len(), example.roles[actor].len()) {
            (2, _) => [10.0 * a, 1.0, 20.0 * t, words / 5.0],
            (_, 1) => [a, t, words / 1000.0, 6.0], // A probability of 0.99 at temperature 1, of 0.6 at 4.
            _ => [a, t, words / 1000.0, 1.0],      // A probability of 0.47 at temperature 1.
        }
    }

    impl Recording {
        fn take(&self) -> Vec<Batch> {
            std::mem::take(&mut *self.0.lock().expect("no test panicked here"))
        }
    }

    impl Engine for Recording {
        fn logits(&self, batch: &Batch) -> Result<Logits, EngineError> {
            self.0.lock().expect("no test panicked here").push(batch.clone());
            let mut rows = Array2::zeros((batch.dyads(), 4));
            let dyads = batch.examples.iter().flat_map(|e| e.dyads.iter().map(move |d| (e, *d)));
            for (mut row, (example, dyad)) in rows.rows_mut().into_iter().zip(dyads) {
                row.assign(&aview1(&scores(example, dyad)));
            }
            Ok(Logits(rows))
        }

        fn name(&self) -> &'static str {
            "recording"
        }
    }

    fn setup() -> (Encoder, Recording) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/tiny/tokenizer.json");
        (Encoder::open(&path, 96).expect("an encoder"), Recording::default())
    }

    /// `0 met 1`: numbers are polities.
    fn example<'t>(marked: &'t str, dyads: &[(usize, usize)]) -> Example<'t> {
        let pieces = marked.split(' ').map(|word| word.parse().map_or(Piece::Text(word), Piece::Role)).collect();
        Example { pieces, polities: ["AAA", "BBB", "CCC"].map(Into::into).to_vec(), dyads: dyads.to_vec() }
    }

    /// Of seven dyads one is in doubt, the second of the second example; in the third a mere target stands twice.
    fn examples() -> [Example<'static>; 3] {
        [
            example("0 met 1 and 2", &[(0, 1), (1, 0)]),
            example("0 praised 1 and 1 and 2", &[(0, 1), (1, 2), (2, 0)]),
            example("0 condemned 1 and 0 and 2", &[(1, 0), (2, 1)]),
        ]
    }

    /// Example and dyad.
    const ALL: [(usize, usize); 7] = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1)];

    #[test]
    fn every_example_is_asked_about_once_and_then_only_doubtful_dyads_alone() {
        let ((encoder, engine), examples) = (setup(), examples());
        let first = examples.each_ref().map(|e| encoder.encode(e).expect("encoded"));
        let exactly = Scale::PLAIN.probs(scores(&first[1], (1, 2))).get(Stance::Condemn);
        let (none, one): (&[_], &[_]) = (&[], &[(1, 1)]);
        let at_1 = [(0.0, none), (0.45, none), (exactly, none), (0.5, one), (0.98, one), (f64::INFINITY, &ALL)];
        let at_1 = at_1.map(|(below, expected)| (1.0, Some(below), expected));
        // Doubt is of the calibrated probability; without a second look none counts.
        let others = [(4.0, Some(0.5), one), (4.0, Some(0.7), &ALL), (4.0, None, none)];
        for (temperature, below, expected) in at_1.into_iter().chain(others) {
            let second = below.map(|below| SecondLook::new(below, Scale::PLAIN));
            let scale = Scale { temperature, smoothing: 0.0 };
            let seen = Looks { encoder: &encoder, engine: &engine, scale, second }.at(&examples).expect("scored");
            let asked: Vec<_> = engine.take().into_iter().flat_map(|b| b.examples).collect();
            let alone = |(e, d): &(usize, usize)| encoder.encode_alone(&examples[*e], *d).expect("encoded");
            let questions: Vec<_> = first.iter().cloned().chain(expected.iter().map(alone)).collect();
            assert_eq!(asked, questions, "below {below:?} at temperature {temperature}");
            let again: Vec<_> = ALL.into_iter().filter(|(e, d)| seen[*e].answers[*d].alone).collect();
            assert_eq!(again, expected, "below {below:?} at temperature {temperature}");
        }
    }

    #[test]
    fn each_answer_lands_on_its_dyad_and_is_calibrated_whichever_look_it_comes_from() {
        let ((encoder, engine), examples) = (setup(), examples());
        let scale = Scale { temperature: 1.5, smoothing: 0.01 };
        let second = SecondLook::new(0.5, Scale { temperature: 0.6, smoothing: 0.02 });
        let looks = Looks { encoder: &encoder, engine: &engine, scale, second: Some(second) };
        let seen = looks.at(&examples).expect("scored");
        assert_eq!(seen.iter().map(|s| s.answers.len()).collect::<Vec<_>>(), [2, 3, 2]);
        for (e, d) in ALL {
            let (raw, own) = if (e, d) == (1, 1) {
                (scores(&encoder.encode_alone(&examples[e], d).expect("encoded"), (0, 1)), second.scale())
            } else {
                (scores(&encoder.encode(&examples[e]).expect("encoded"), examples[e].dyads[d]), scale)
            };
            let answer = seen[e].answers[d];
            assert_eq!((answer.logits, answer.probs), (raw, own.probs(raw)), "dyad {d} of example {e}");
        }
    }

    #[test]
    fn an_answer_depends_on_its_example_alone_not_on_order_or_batch() {
        let (encoder, engine) = setup();
        let second = Some(SecondLook::new(0.5, Scale { temperature: 2.0, smoothing: 0.0 }));
        let looks = Looks { encoder: &encoder, engine: &engine, scale: Scale::PLAIN, second };
        // Every other one in doubt, about two dyads; too many tokens for one batch of either look, and some to cut.
        let text = |i: usize| format!("0 {} {}1 2", ["0", "a"][i % 2], "b ".repeat(60 + i % 50));
        let texts: Vec<String> = (0..250).map(text).collect();
        let examples: Vec<_> = texts.iter().map(|t| example(t, &[(0, 1), (1, 2), (0, 2)])).collect();
        let seen = looks.at(&examples).expect("scored");
        let batches = engine.take();
        assert!(batches.len() >= 5 && batches.iter().all(|b| b.tokens() <= BATCH_TOKENS), "{} batches", batches.len());
        let backwards: Vec<_> = examples.iter().rev().cloned().collect();
        assert!(looks.at(&backwards).expect("scored").iter().rev().eq(&seen));
        for (i, (example, seen)) in examples.iter().zip(&seen).enumerate() {
            assert_eq!(looks.at(std::slice::from_ref(example)).expect("scored").first(), Some(seen));
            assert_eq!(seen.answers.iter().map(|a| a.alone).collect::<Vec<_>>(), [i % 2 == 0, false, i % 2 == 0]);
            // `[CLS]`, three polities, `0` or `a`, the letters, `[SEP]`.
            assert_eq!(seen.cut, 6 + 60 + i % 50 > 96, "example {i}");
        }
    }
}
