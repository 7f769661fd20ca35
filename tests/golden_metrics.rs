//! Metrics and calibration against scikit-learn and scipy, on seeded random logits and labels.
//!
//! `scripts/golden_metrics.py` writes the reference and defines every figure.

use demarche::calibrate::{Scale, fit_scale, fit_temperature, nll};
use demarche::metrics::classification::Confusion;
use demarche::stance::Stance;
use serde::Deserialize;

/// Ratios of the same counts, and sums of a few hundred terms, in 64-bit floats on both sides.
const TOLERANCE: f64 = 1e-9;
/// `fit_temperature` promises its optimum to 1e-4 of its logarithm.
const TEMPERATURE_TOLERANCE: f64 = 1e-4;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    precision: [f64; 4],
    recall: [f64; 4],
    f1: [f64; 4],
    support: [usize; 4],
    predicted: [usize; 4],
    macro_f1_four: f64,
    macro_f1_three: f64,
    accuracy: f64,
    optimum: f64,
    nll_at_optimum: f64,
    best_smoothing: f64,
    nll_at_best_smoothing: f64,
    at: Vec<AtScale>,
    /// Logits and the index of the gold label.
    items: Vec<([f32; 4], usize)>,
}

/// The fixture also holds `brier` and `ece` here; they get their fields when the library computes them.
#[derive(Deserialize)]
struct AtScale {
    temperature: f64,
    smoothing: f64,
    nll: f64,
    mean_probabilities: [f64; 4],
}

impl Case {
    fn items(&self) -> Vec<([f32; 4], Stance)> {
        self.items.iter().map(|(logits, gold)| (*logits, Stance::ALL[*gold])).collect()
    }
}

fn cases() -> Vec<Case> {
    let fixture: Fixture =
        serde_json::from_str(include_str!("fixtures/golden_metrics.json")).expect("a well-formed fixture");
    assert!(fixture.cases.len() >= 8);
    fixture.cases
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} not {expected}");
}

#[test]
fn classification_scores_are_those_of_scikit_learn() {
    for case in cases() {
        let pair = |(logits, gold): ([f32; 4], Stance)| (gold, Scale::PLAIN.probs(logits).best());
        let counts = Confusion::of(case.items().into_iter().map(pair));
        assert_eq!(counts.total(), case.items.len());
        for stance in Stance::ALL {
            let (i, score) = (stance.index(), counts.class(stance));
            let what = |figure: &str| format!("{}: {figure} of {stance}", case.name);
            close(score.precision, case.precision[i], TOLERANCE, &what("precision"));
            close(score.recall, case.recall[i], TOLERANCE, &what("recall"));
            close(score.f1, case.f1[i], TOLERANCE, &what("F1"));
            assert_eq!(score.support, case.support[i], "{}", what("support"));
            assert_eq!(score.predicted, case.predicted[i], "{}", what("predictions"));
        }
        close(counts.macro_f1(&Stance::ALL), case.macro_f1_four, TOLERANCE, &case.name);
        close(counts.macro_f1(&Stance::POSITIONS), case.macro_f1_three, TOLERANCE, &case.name);
        close(counts.accuracy(), case.accuracy, TOLERANCE, &case.name);
    }
}

#[test]
fn likelihood_and_probabilities_on_a_scale_are_those_of_scipy() {
    for case in cases() {
        let items = case.items();
        for at in &case.at {
            let what = format!("{} at temperature {}, smoothing {}", case.name, at.temperature, at.smoothing);
            let scale = Scale { temperature: at.temperature, smoothing: at.smoothing };
            // Relative above 1: at extreme logits the loss is in the hundreds.
            close(nll(&items, scale), at.nll, TOLERANCE * at.nll.max(1.0), &what);
            for stance in Stance::ALL {
                let sum: f64 = items.iter().map(|(logits, _)| scale.probs(*logits).get(stance)).sum();
                close(sum / items.len() as f64, at.mean_probabilities[stance.index()], TOLERANCE, &what);
            }
        }
    }
}

#[test]
fn the_fitted_temperature_is_the_optimum_that_scipy_finds() {
    for case in cases() {
        let items = case.items();
        let fitted = fit_temperature(&items, 0.0);
        close(fitted.ln(), case.optimum.ln(), TEMPERATURE_TOLERANCE, &case.name);
        // At a bound the loss is not flat, so it differs by the slope times the tolerance.
        close(
            nll(&items, Scale { temperature: fitted, smoothing: 0.0 }),
            case.nll_at_optimum,
            TEMPERATURE_TOLERANCE,
            &case.name,
        );
    }
}

#[test]
fn the_fitted_scale_is_the_optimum_that_scipy_finds() {
    for case in cases() {
        let items = case.items();
        let fitted = fit_scale(&items);
        // Neighbours on the grid may be equally good up to the search for the temperature.
        close(fitted.smoothing, case.best_smoothing, 0.0021, &case.name);
        close(nll(&items, fitted), case.nll_at_best_smoothing, TEMPERATURE_TOLERANCE, &case.name);
    }
}
