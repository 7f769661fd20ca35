//! Scores an example once: wire copy repeats whole articles word for word, and an engine need not read them again.
//!
//! Sound because the logits of an example depend on that example alone. Memory is bounded: two generations of examples
//! are kept, and the older one is forgotten as a whole.

use super::{Engine, EngineError, Logits};
use crate::encode::{Batch, EncodedExample};
use ndarray::Array2;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Examples in a generation: with passages of 96 tokens, about 10 MiB.
const GENERATION: usize = 1 << 14;

/// An engine that remembers.
pub struct Memo<E> {
    engine: E,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    young: HashMap<EncodedExample, Vec<[f32; 4]>>,
    old: HashMap<EncodedExample, Vec<[f32; 4]>>,
    spared: usize,
}

impl Known {
    fn get(&self, example: &EncodedExample) -> Option<&Vec<[f32; 4]>> {
        self.young.get(example).or_else(|| self.old.get(example))
    }

    fn learn(&mut self, example: EncodedExample, rows: Vec<[f32; 4]>) {
        if self.young.len() == GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(example, rows);
    }
}

impl<E: Engine> Memo<E> {
    /// Nothing is known yet.
    pub fn new(engine: E) -> Self {
        Self { engine, known: Mutex::default() }
    }

    /// Examples that did not have to be scored again.
    pub fn spared(&self) -> usize {
        self.lock().spared
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: Engine> Engine for Memo<E> {
    fn logits(&self, batch: &Batch) -> Result<Logits, EngineError> {
        let mut fresh: Vec<EncodedExample> = Vec::new();
        let mut places: HashMap<&EncodedExample, usize> = HashMap::new();
        let mut answers: Vec<Option<Vec<[f32; 4]>>> = Vec::with_capacity(batch.examples.len());
        {
            let known = self.lock();
            for example in &batch.examples {
                let answer = known.get(example).cloned();
                if answer.is_none() && !places.contains_key(example) {
                    places.insert(example, fresh.len());
                    fresh.push(example.clone());
                }
                answers.push(answer);
            }
        }
        let fresh = Batch { examples: fresh };
        let scored = self.engine.logits(&fresh)?;
        let mut row = 0;
        let rows: Vec<Vec<[f32; 4]>> = fresh
            .examples
            .iter()
            .map(|example| {
                row += example.dyads.len();
                (row - example.dyads.len()..row).map(|r| scored.row(r)).collect()
            })
            .collect();
        let mut logits = Array2::zeros((batch.dyads(), 4));
        let mut out = logits.rows_mut().into_iter();
        for (example, answer) in batch.examples.iter().zip(&answers) {
            let scores = answer.as_ref().unwrap_or_else(|| &rows[places[example]]);
            // The rows last: `zip` asks its first iterator first, and would drop a row when the scores run out.
            for (scores, mut row) in scores.iter().zip(out.by_ref()) {
                row.assign(&ndarray::aview1(scores));
            }
        }
        let mut known = self.lock();
        known.spared += batch.examples.len() - fresh.examples.len();
        for (example, rows) in fresh.examples.into_iter().zip(rows) {
            known.learn(example, rows);
        }
        Ok(Logits(logits))
    }

    fn name(&self) -> &'static str {
        self.engine.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::FakeEngine;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Engine for Counting {
        fn logits(&self, batch: &Batch) -> Result<Logits, EngineError> {
            self.0.fetch_add(batch.examples.len(), Ordering::Relaxed);
            FakeEngine.logits(batch)
        }

        fn name(&self) -> &'static str {
            "counting"
        }
    }

    fn example(id: u32, dyads: usize) -> EncodedExample {
        EncodedExample { ids: vec![id; 5], roles: vec![vec![1], vec![2]], dyads: vec![(0, 1); dyads], cut: 0 }
    }

    #[test]
    fn repeated_examples_are_scored_once_and_every_row_is_what_the_engine_says() {
        let memo = Memo::new(Counting::default());
        let first = Batch { examples: vec![example(1, 2), example(2, 1), example(1, 2)] };
        let second = Batch { examples: vec![example(3, 1), example(2, 1), example(1, 2), example(1, 1)] };
        for batch in [&first, &second] {
            assert_eq!(memo.logits(batch).ok(), FakeEngine.logits(batch).ok());
        }
        assert_eq!(memo.engine.0.load(Ordering::Relaxed), 4);
        assert_eq!(memo.spared(), 3);
    }
}
