//! How far a figure could lie from what other documents would have given: the bootstrap over whole documents.
//!
//! Pairs of one document are judged on the same sentences, so they are right or wrong together, and intervals that drew
//! pairs one by one would be too narrow. Drawn are documents, with replacement (Efron and Tibshirani, *An Introduction
//! to the Bootstrap*, 1993, ch. 8 and 13; Field and Welsh, *Bootstrapping clustered data*, 2007).

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use statrs::statistics::{Data, OrderStatistics as _};

/// Central share of the resamples that an interval covers.
pub const LEVEL: f64 = 0.95;

/// A percentile interval at [`LEVEL`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How to resample. The same values on the same items give the same intervals on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Bootstrap {
    /// Resamples; intervals that are reported need at least 1,000.
    pub resamples: usize,
    /// Seed of `ChaCha8`.
    pub seed: u64,
}

impl Bootstrap {
    /// Intervals of several figures at once. `documents` names the document of every item; `figures` computes the
    /// figures from a list of item indices in which the items of a document that was drawn twice stand twice.
    ///
    /// A figure that is not finite in a resample (recall of a class that was not drawn) is undefined there and left out;
    /// `None` if that leaves half of the resamples or fewer, with fewer than two documents, and where no resample
    /// differs: the documents have then shown no variation, and an interval without width would claim certainty.
    pub fn intervals<const N: usize, D: Ord>(
        &self,
        documents: &[D],
        figures: impl Fn(&[usize]) -> [f64; N],
    ) -> [Option<Interval>; N] {
        let mut order: Vec<usize> = (0..documents.len()).collect();
        order.sort_by(|a, b| documents[*a].cmp(&documents[*b]));
        let clusters: Vec<&[usize]> = order.chunk_by(|a, b| documents[*a] == documents[*b]).collect();
        if clusters.len() < 2 {
            return [None; N];
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut drawn = Vec::with_capacity(documents.len());
        let mut values: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(self.resamples));
        for _ in 0..self.resamples {
            drawn.clear();
            for _ in 0..clusters.len() {
                drawn.extend_from_slice(clusters[random.random_range(0..clusters.len())]);
            }
            for (values, value) in values.iter_mut().zip(figures(&drawn)) {
                if value.is_finite() {
                    values.push(value);
                }
            }
        }
        values.map(|values| {
            let interval = (2 * values.len() > self.resamples).then(|| percentile_interval(values));
            interval.filter(|i| i.low < i.high)
        })
    }
}

/// The central [`LEVEL`] of at least one value, by the median-unbiased quantile (type 8 of Hyndman and Fan, 1996).
fn percentile_interval(values: Vec<f64>) -> Interval {
    let mut values = Data::new(values);
    let tail = (1.0 - LEVEL) / 2.0;
    Interval { low: values.quantile(tail), high: values.quantile(1.0 - tail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap { resamples: 1000, seed: 1 };

    fn share(hits: &[f64]) -> impl Fn(&[usize]) -> [f64; 1] {
        |drawn| [drawn.iter().map(|i| hits[*i]).sum::<f64>() / drawn.len() as f64]
    }

    #[test]
    fn the_same_seed_gives_the_same_interval_and_another_seed_another() {
        let hits: Vec<f64> = (0..50).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
        let documents: Vec<usize> = (0..50).map(|i| i / 2).collect();
        let at = |seed| Bootstrap { seed, resamples: 1000 }.intervals(&documents, share(&hits));
        assert_eq!(at(7), at(7));
        assert_ne!(at(7), at(8));
    }

    #[test]
    fn the_order_of_the_items_does_not_matter_to_whole_documents() {
        let drawn = BOOTSTRAP.intervals(&["b", "a", "b"], |drawn| {
            let of_b = drawn.iter().filter(|i| **i != 1).count();
            [if of_b % 2 == 0 { drawn.len() as f64 } else { f64::MAX }]
        });
        assert_eq!(drawn, [Some(Interval { low: 2.0, high: 4.0 })]);
    }

    #[test]
    fn pairs_that_stand_or_fall_together_widen_the_interval() {
        let hits: Vec<f64> = (0..400).map(|i| f64::from(u8::from((i / 8) % 2 == 0))).collect();
        let width = |documents: Vec<usize>| {
            let [interval] = BOOTSTRAP.intervals(&documents, share(&hits));
            interval.map_or(0.0, |i| i.high - i.low)
        };
        let (together, apart) = (width((0..400).map(|i| i / 8).collect()), width((0..400).collect()));
        // The design effect of perfectly correlated clusters of 8 is 8: the interval is √8 = 2.8 times as wide.
        assert!((together / apart - 8f64.sqrt()).abs() < 0.3, "{together} against {apart}");
    }

    #[test]
    fn a_figure_that_is_mostly_undefined_or_never_varies_has_no_interval() {
        let nothing: [usize; 0] = [];
        assert_eq!(BOOTSTRAP.intervals(&nothing, |_| [0.0]), [None]);
        assert_eq!(BOOTSTRAP.intervals(&["one", "one"], |_| [0.0]), [None]);
        assert_eq!(BOOTSTRAP.intervals(&[1, 2], |_| [f64::NAN, 1.0]), [None, None]);
        let mostly = |drawn: &[usize]| [if drawn == [0, 0] { f64::NAN } else { drawn[0] as f64 }];
        assert_eq!(BOOTSTRAP.intervals(&[1, 2], mostly), [Some(Interval { low: 0.0, high: 1.0 })]);
    }
}
