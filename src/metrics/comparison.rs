//! Whether one model is better than another on the same pairs: `McNemar`'s test on right and wrong, and the bootstrap
//! interval of the difference of macro-F1.
//!
//! The test takes pairs as independent, which those of one document are not, so it is somewhat too ready to see a
//! difference; the interval draws whole documents and does not assume that.

use super::classification::Confusion;
use super::interval::{Bootstrap, Interval};
use crate::stance::Stance;
use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF as _, DiscreteCDF as _};

/// From this many discordant pairs on the chi-square approximation is used.
pub const EXACT_BELOW: u64 = 25;

/// `McNemar`'s test of equal error rates.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct McNemar {
    /// Pairs that only the first model labels rightly.
    pub only_first: u64,
    /// Pairs that only the second model labels rightly.
    pub only_second: u64,
    /// Two-sided p-value.
    pub p: f64,
    /// Whether `p` is the exact binomial one.
    pub exact: bool,
}

/// Tests discordant counts (`McNemar`, *Note on the sampling error of the difference between correlated proportions*,
/// 1947). Below [`EXACT_BELOW`] of them `min(1, 2 P(X ≤ min))` with `X ~ Binomial(n, 1/2)`; else chi-square with one
/// degree of freedom of `max(0, |b − c| − 1)² / (b + c)`, the continuity correction of Edwards (1948).
pub fn mcnemar(only_first: u64, only_second: u64) -> McNemar {
    let discordant = only_first + only_second;
    let exact = discordant < EXACT_BELOW;
    let p = if exact {
        let fair = Binomial::new(0.5, discordant).expect("one half is a probability");
        (2.0 * fair.cdf(only_first.min(only_second))).min(1.0)
    } else {
        let distance = only_first.abs_diff(only_second).saturating_sub(1) as f64;
        ChiSquared::new(1.0).expect("one degree of freedom").sf(distance.powi(2) / discordant as f64)
    };
    McNemar { only_first, only_second, p, exact }
}

/// Two models on the same pairs.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// Pairs that both were judged on.
    pub pairs: usize,
    /// Macro-F1 over the three stances of the first model.
    pub first: f64,
    /// The same of the second.
    pub second: f64,
    /// First minus second.
    pub difference: f64,
    /// Its interval over documents; `None` where it does not vary, as between equal models.
    pub interval: Option<Interval>,
    /// The test of equal error rates.
    pub mcnemar: McNemar,
}

impl Comparison {
    /// Compares labels `(gold, first, second)`; `documents` names the document of every item.
    pub fn of<D: Ord>(labels: &[(Stance, Stance, Stance)], documents: &[D], bootstrap: &Bootstrap) -> Self {
        let scores = |items: &mut dyn Iterator<Item = &(Stance, Stance, Stance)>| {
            let (mut first, mut second) = (Confusion::default(), Confusion::default());
            for (gold, a, b) in items {
                first.0[gold.index()][a.index()] += 1;
                second.0[gold.index()][b.index()] += 1;
            }
            [first, second].map(|c| c.macro_f1(&Stance::POSITIONS))
        };
        let [first, second] = scores(&mut labels.iter());
        let [interval] = bootstrap.intervals(documents, |drawn| {
            let [first, second] = scores(&mut drawn.iter().map(|i| &labels[*i]));
            [first - second]
        });
        let only = |right: fn(&(Stance, Stance, Stance)) -> bool| labels.iter().filter(|l| right(l)).count() as u64;
        let mcnemar = mcnemar(only(|(g, a, b)| a == g && b != g), only(|(g, a, b)| a != g && b == g));
        Self { pairs: labels.len(), first, second, difference: first - second, interval, mcnemar }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_never_differ_cannot_be_told_apart() {
        let test = mcnemar(0, 0);
        assert!(test.exact && (test.p - 1.0).abs() < 1e-12);
        assert!((mcnemar(20, 20).p - 1.0).abs() < 1e-12);
        let labels =
            [(Stance::Engage, Stance::Engage, Stance::Engage), (Stance::None, Stance::Condemn, Stance::Condemn)];
        let same = Comparison::of(&labels, &[1, 2], &Bootstrap { resamples: 1000, seed: 1 });
        assert_eq!((same.difference.to_bits(), same.interval), (0, None));
    }

    #[test]
    fn the_difference_has_the_sign_of_the_better_model() {
        let second = |i: usize| if i.is_multiple_of(5) { Stance::Condemn } else { Stance::None };
        let labels: Vec<_> = (0..40).map(|i| (Stance::Condemn, Stance::Condemn, second(i))).collect();
        let documents: Vec<usize> = (0..40).collect();
        let better = Comparison::of(&labels, &documents, &Bootstrap { resamples: 1000, seed: 1 });
        // F1 of condemn alone: 1 against 2 · 8 / (40 + 8), over three stances.
        assert!((better.difference - (1.0 - 1.0 / 3.0) / 3.0).abs() < 1e-12);
        assert!(better.interval.is_some_and(|i| i.low > 0.0));
        assert_eq!((better.mcnemar.only_first, better.mcnemar.only_second), (32, 0));
        assert!(!better.mcnemar.exact && better.mcnemar.p < 1e-6);
    }

    #[test]
    fn nothing_to_compare_gives_no_interval() {
        let none = Comparison::of(&[], &[] as &[usize], &Bootstrap { resamples: 1000, seed: 1 });
        assert_eq!((none.pairs, none.interval), (0, None));
    }
}
