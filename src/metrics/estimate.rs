//! Share and count of a stance in a corpus from its labels and a reviewed random sample: what naive counts get wrong.
//!
//! Labels of a model are wrong now and then, and not evenly: counting them gives biased totals with intervals that claim
//! certainty. A sample drawn with known probabilities π and reviewed by a person mends that. With the model's
//! probability g of the stance as a helper, the total is estimated by the difference estimator
//!
//! ```text
//! T = Σ_all λg + Σ_reviewed (y − λg) / π
//! ```
//!
//! which is unbiased whatever the model does, up to terms that vanish with the size of the sample (Särndal, Swensson & Wretman 1992, *Model Assisted Survey Sampling*, ch. 6;
//! for labels of language models Egami et al. 2023, design-based supervised learning; Angelopoulos et al. 2023,
//! prediction-powered inference, with λ tuned as in their PPI++, Angelopoulos, Duchi & Zrnic 2023). Here in its ratio
//! form, with the known size of the group. The variance is Hájek's (1964) approximation for fixed-size sampling, which
//! for equal π is the textbook formula with finite population correction: the interval is about this corpus, not about
//! a larger world that it might stand for. Which rows form a group is left to the caller.

use super::interval::{Interval, LEVEL};
use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// One row of the corpus, seen for one stance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// The model's probability of the stance, `0..=1`.
    pub predicted: f64,
    /// Whether the model's label is the stance.
    pub labelled: bool,
    /// If it was drawn and reviewed.
    pub review: Option<Review>,
}

/// A reviewed row of the random sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Review {
    /// Whether the reviewer says that it is the stance.
    pub is: bool,
    /// Probability π with which the row was drawn, `0 < π ≤ 1`.
    pub probability: f64,
}

/// What is known of one stance in one group of rows.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// Rows.
    pub rows: usize,
    /// Rows that the model gave the label.
    pub labelled: usize,
    /// Reviewed rows of the random sample.
    pub reviewed: usize,
    /// Estimated share of the rows, within `0..=1`. None unless at least [`LEAST`] rows were reviewed, or all.
    pub share: Option<f64>,
    /// 95 % interval of the share. None unless at least [`FEWEST`] reviewed rows are the stance and as many are not, or
    /// every row was reviewed.
    pub interval: Option<Interval>,
}

/// Reviewed rows of either kind below which a group has no interval: the normal theory behind it would not hold, and a
/// sample without a single case would claim certainty.
pub const FEWEST: usize = 5;
/// Reviewed rows below which a group has no share: with fewer no stance of it can have an interval, and a share of which
/// nobody can say how far it is off would be read as if it were known.
pub const LEAST: usize = 2 * FEWEST;
/// Reviewed rows below which λ is not tuned but 1.
const TUNED: usize = 30;

/// The factor on the predictions that makes the estimate most precise, `0..=1`: the slope of the reviewers' labels on the
/// predictions in the sample. 1 with fewer than 30 reviewed rows, 0 where the predictions say nothing.
pub fn tuning(units: &[Unit]) -> f64 {
    let reviewed: Vec<(f64, f64, f64)> = units
        .iter()
        .filter_map(|u| u.review.map(|r| (1.0 / r.probability, u.predicted, f64::from(u8::from(r.is)))))
        .collect();
    if reviewed.len() < TUNED {
        return 1.0;
    }
    let total: f64 = reviewed.iter().map(|(w, ..)| w).sum();
    let mean = |value: fn(&(f64, f64, f64)) -> f64| reviewed.iter().map(|r| r.0 * value(r)).sum::<f64>() / total;
    let (g, y) = (mean(|r| r.1), mean(|r| r.2));
    let covariance: f64 = reviewed.iter().map(|r| r.0 * (r.1 - g) * (r.2 - y)).sum();
    let variance: f64 = reviewed.iter().map(|r| r.0 * (r.1 - g).powi(2)).sum();
    if variance > 0.0 { (covariance / variance).clamp(0.0, 1.0) } else { 0.0 }
}

/// The estimate for a group of rows, with the `lambda` of [`tuning`] on the whole corpus.
pub fn share(units: &[Unit], lambda: f64) -> Estimate {
    let rows = units.len();
    let labelled = units.iter().filter(|u| u.labelled).count();
    let residual = |u: &Unit| u.review.map(|r| (1.0 / r.probability, f64::from(u8::from(r.is)) - lambda * u.predicted));
    let sample: Vec<(f64, f64)> = units.iter().filter_map(residual).collect();
    let none = Estimate { rows, labelled, reviewed: sample.len(), share: None, interval: None };
    let census = sample.len() == rows && sample.iter().all(|(weight, _)| *weight <= 1.0);
    if sample.is_empty() || (sample.len() < LEAST && !census) {
        return none;
    }
    let weight: f64 = sample.iter().map(|(w, _)| w).sum();
    let bias = sample.iter().map(|(w, e)| w * e).sum::<f64>() / weight;
    let value = units.iter().map(|u| lambda * u.predicted).sum::<f64>() / rows as f64 + bias;
    let positives = units.iter().filter(|u| u.review.is_some_and(|r| r.is)).count();
    let enough = positives.min(sample.len() - positives) >= FEWEST;
    let interval = (enough || census).then(|| {
        let margin = if census { 0.0 } else { quantile(sample.len()) * variance(&sample, bias).sqrt() / weight };
        Interval { low: (value - margin).clamp(0.0, 1.0), high: (value + margin).clamp(0.0, 1.0) }
    });
    Estimate { share: Some(value.clamp(0.0, 1.0)), interval, ..none }
}

/// Hájek's variance of the weighted total of the residuals `(1/π, e)` around their mean `bias`.
fn variance(sample: &[(f64, f64)], bias: f64) -> f64 {
    let n = sample.len() as f64;
    let terms: Vec<(f64, f64)> =
        sample.iter().map(|(w, e)| ((1.0 - 1.0 / w) * n / (n - 1.0), w * (e - bias))).collect();
    let factors: f64 = terms.iter().map(|(c, _)| c).sum();
    if factors <= 0.0 {
        return 0.0;
    }
    let centre = terms.iter().map(|(c, z)| c * z).sum::<f64>() / factors;
    terms.iter().map(|(c, z)| c * (z - centre).powi(2)).sum()
}

/// Student's quantile for a two-sided interval at [`LEVEL`] from `n ≥ 2` reviewed rows.
fn quantile(n: usize) -> f64 {
    let t = StudentsT::new(0.0, 1.0, (n - 1) as f64).expect("degrees of freedom are positive");
    t.inverse_cdf(f64::midpoint(1.0, LEVEL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::seq::index::sample;
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    /// A corpus whose model finds too much: of rows with prediction g only a share g² is the stance.
    fn corpus(rows: usize, rng: &mut ChaCha8Rng) -> Vec<(f64, bool)> {
        (0..rows)
            .map(|_| {
                let g: f64 = rng.random::<f64>().powi(2);
                (g, rng.random_bool(g * g))
            })
            .collect()
    }

    fn unit((predicted, is): (f64, bool), probability: Option<f64>) -> Unit {
        let review = probability.map(|probability| Review { is, probability });
        Unit { predicted, labelled: predicted > 0.5, review }
    }

    /// Of the samples that give an interval, the share whose interval holds the truth, and of naive counts whose own does.
    fn coverage(runs: usize, draw: impl Fn(&[(f64, bool)], &mut ChaCha8Rng) -> Vec<Unit>) -> (f64, f64) {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let corpus = corpus(3000, &mut rng);
        let truth = corpus.iter().filter(|(_, is)| *is).count() as f64 / corpus.len() as f64;
        let (mut given, mut held, mut naive) = (0, 0, 0);
        for _ in 0..runs {
            let units = draw(&corpus, &mut rng);
            let estimate = share(&units, tuning(&units));
            let Some(interval) = estimate.interval else { continue };
            given += 1;
            held += usize::from((interval.low..=interval.high).contains(&truth));
            let count = estimate.labelled as f64 / estimate.rows as f64;
            let wald = 1.96 * (count * (1.0 - count) / estimate.rows as f64).sqrt();
            naive += usize::from((count - truth).abs() <= wald);
        }
        assert!(given * 2 > runs, "{given} of {runs} samples have an interval");
        (held as f64 / given as f64, naive as f64 / given as f64)
    }

    #[test]
    fn intervals_from_a_simple_sample_cover_the_truth_as_often_as_they_say_and_naive_counts_never() {
        let (held, naive) = coverage(2000, |corpus, rng| {
            let (n, rows) = (200, corpus.len());
            let drawn: Vec<usize> = sample(rng, rows, n).into_vec();
            let probability = n as f64 / rows as f64;
            let mut units: Vec<Unit> = corpus.iter().map(|row| unit(*row, None)).collect();
            for i in drawn {
                units[i] = unit(corpus[i], Some(probability));
            }
            units
        });
        assert!((0.93..=0.97).contains(&held), "95 % intervals cover in {held}");
        assert!(naive < 0.05, "naive counts cover in {naive}");
    }

    #[test]
    fn rows_drawn_with_unequal_probabilities_are_weighted_by_them() {
        let (held, _) = coverage(2000, |corpus, rng| {
            let chance = |g: f64| 0.03 + 0.2 * (1.0 - (2.0 * g - 1.0).abs());
            let draw = |(g, is): &(f64, bool), rng: &mut ChaCha8Rng| {
                unit((*g, *is), rng.random_bool(chance(*g)).then(|| chance(*g)))
            };
            corpus.iter().map(|row| draw(row, rng)).collect()
        });
        assert!((0.93..=0.97).contains(&held), "95 % intervals cover in {held}");
    }

    #[test]
    fn a_group_of_which_some_sixty_rows_were_drawn_is_covered_too() {
        let (held, _) = coverage(2000, |corpus, rng| {
            let mut units: Vec<Unit> = corpus.iter().map(|row| unit(*row, None)).collect();
            // A draw from a larger corpus leaves the number of reviewed rows of a group to chance.
            for i in sample(rng, 10 * corpus.len(), 600) {
                if let Some(row) = corpus.get(i) {
                    units[i] = unit(*row, Some(0.02));
                }
            }
            units
        });
        assert!((0.92..=0.975).contains(&held), "95 % intervals cover in {held}");
    }

    #[test]
    fn equal_probabilities_give_the_textbook_variance_and_a_census_has_none() {
        // Cochran 1977, eq. 2.20: N² (1 − f) s² / n.
        let residuals = [0.2, -0.1, 0.4, 0.0, -0.3];
        let mean = residuals.iter().sum::<f64>() / 5.0;
        let s2 = residuals.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / 4.0;
        let sample: Vec<(f64, f64)> = residuals.iter().map(|e| (8.0, *e)).collect();
        let expected = 40f64.powi(2) * (1.0 - 5.0 / 40.0) * s2 / 5.0;
        assert!((variance(&sample, mean) - expected).abs() < 1e-9);
        let all: Vec<Unit> = (0..20).map(|i| unit((0.3, i < 5), Some(1.0))).collect();
        let estimate = share(&all, tuning(&all));
        assert!((estimate.share.expect("reviewed") - 0.25).abs() < 1e-12);
        assert_eq!(estimate.interval.map(|i| i.high - i.low), Some(0.0));
        assert!(share(&all[..1], 1.0).interval.is_some(), "one row that was reviewed is known");
    }

    #[test]
    fn a_rare_stance_has_an_interval_only_where_it_was_seen_often_enough() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let corpus: Vec<(f64, bool)> = (0..4000)
            .map(|_| {
                let g: f64 = rng.random::<f64>().powi(24);
                (g, rng.random_bool(g * 0.8))
            })
            .collect();
        let truth = corpus.iter().filter(|(_, is)| *is).count() as f64 / 4000.0;
        assert!((0.02..0.05).contains(&truth), "{truth}");
        let (mut given, mut held) = (0, 0);
        for _ in 0..2000 {
            let mut units: Vec<Unit> = corpus.iter().map(|row| unit(*row, None)).collect();
            for i in sample(&mut rng, 4000, 250) {
                units[i] = unit(corpus[i], Some(250.0 / 4000.0));
            }
            if let Some(interval) = share(&units, tuning(&units)).interval {
                given += 1;
                held += usize::from((interval.low..=interval.high).contains(&truth));
                assert!(interval.low < interval.high, "only a census is certain");
            }
        }
        let rate = f64::from(held as u32) / f64::from(given);
        assert!(given > 1000 && rate > 0.9, "{held} of {given}");
    }

    #[test]
    fn without_a_sample_or_with_a_tiny_one_there_is_no_share_and_without_cases_no_interval() {
        let reviewed = |count| {
            let one = |i| unit((0.5, true), (i < count).then_some(0.2));
            share(&(0..50).map(one).collect::<Vec<_>>(), 1.0)
        };
        assert_eq!((reviewed(0).share, reviewed(1).share, reviewed(9).share), (None, None, None));
        assert_eq!((reviewed(9).reviewed, reviewed(9).interval), (9, None));
        assert_eq!(reviewed(10).share, Some(1.0), "0.5 predicted, and every reviewed row is 0.5 above it");
        assert_eq!(reviewed(10).interval, None);
        let unseen: Vec<Unit> = (0..50).map(|i| unit((0.1, false), (i < 20).then_some(0.4))).collect();
        assert_eq!(share(&unseen, tuning(&unseen)).interval, None, "no case in the sample is no certainty");
    }

    #[test]
    fn useless_predictions_are_tuned_away() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut draw = || unit((rng.random(), rng.random_bool(0.3)), Some(0.5));
        let units: Vec<Unit> = (0..2000).map(|_| draw()).collect();
        assert!(tuning(&units) < 0.1);
    }
}
