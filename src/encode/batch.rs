//! A batch: encoded examples packed side by side, and the rule that fills it.

/// One example in token ids. `L` tokens, `K` roles, `D` dyads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct EncodedExample {
    /// `(L,)` token ids, from `[CLS]` to `[SEP]`.
    pub ids: Vec<u32>,
    /// `K` lists of the positions in `ids` where each role stands; none is empty.
    pub roles: Vec<Vec<u32>>,
    /// `D` pairs `(actor, target)` of indices into `roles`.
    pub dyads: Vec<(usize, usize)>,
    /// Tokens that were cut to fit the length limit.
    pub cut: usize,
}

/// Examples that go through an engine together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// In the order of the logits: example by example, dyad by dyad.
    pub examples: Vec<EncodedExample>,
}

impl Batch {
    /// Tokens in the batch.
    pub fn tokens(&self) -> usize {
        self.examples.iter().map(|e| e.ids.len()).sum()
    }

    /// Dyads in the batch: the rows of its logits.
    pub fn dyads(&self) -> usize {
        self.examples.iter().map(|e| e.dyads.len()).sum()
    }
}

/// Splits examples into index ranges of at most `budget` tokens each (an example larger than the budget goes alone).
/// Packing has no padding, so the order may stay as it is.
pub fn batches(examples: &[EncodedExample], budget: usize) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut tokens) = (0, 0);
    for (i, example) in examples.iter().enumerate() {
        if start < i && tokens + example.ids.len() > budget {
            ranges.push(start..i);
            (start, tokens) = (i, 0);
        }
        tokens += example.ids.len();
    }
    if start < examples.len() {
        ranges.push(start..examples.len());
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_length(n: usize) -> EncodedExample {
        EncodedExample { ids: vec![7; n], roles: vec![vec![0]], dyads: vec![(0, 0)], cut: 0 }
    }

    proptest! {
        #[test]
        fn every_example_is_in_one_batch_and_no_batch_exceeds_its_budget(
            lengths in prop::collection::vec(1usize..90, 0..60), budget in 10usize..200,
        ) {
            let examples: Vec<_> = lengths.iter().map(|n| of_length(*n)).collect();
            let ranges = batches(&examples, budget);
            let covered: Vec<usize> = ranges.iter().cloned().flatten().collect();
            prop_assert_eq!(covered, (0..examples.len()).collect::<Vec<_>>());
            for range in ranges {
                let tokens: usize = lengths[range.clone()].iter().sum();
                prop_assert!(tokens <= budget || range.len() == 1);
            }
        }
    }
}
