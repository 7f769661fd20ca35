//! Agreement against published examples, krippendorff and scikit-learn.
//!
//! `scripts/golden_agreement.py` writes the reference and names its sources.

use demarche::metrics::agreement::{Pairs, Unit, alpha, kappa};
use serde::Deserialize;

/// Ratios of the same counts in 64-bit floats on both sides.
const TOLERANCE: f64 = 1e-9;
/// Categories of the example with most of them, and one for numbers that begin at 1.
const C: usize = 6;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Labels of every rater, in the order of the units.
    raters: Vec<Vec<Option<usize>>>,
    alpha: f64,
    kappa: Option<f64>,
    published: Option<Published>,
}

#[derive(Deserialize)]
struct Published {
    figure: String,
    /// To three decimals.
    value: f64,
}

fn units(raters: &[Vec<Option<usize>>]) -> Vec<Unit<C>> {
    let mut units = vec![[0; C]; raters[0].len()];
    for rater in raters {
        for (unit, label) in units.iter_mut().zip(rater) {
            label.map(|label| unit[label] += 1);
        }
    }
    units
}

#[test]
fn alpha_and_kappa_are_those_of_the_papers_and_of_two_libraries() {
    let fixture: Fixture =
        serde_json::from_str(include_str!("fixtures/golden_agreement.json")).expect("a well-formed fixture");
    assert_eq!(fixture.cases.iter().filter(|case| case.published.is_some()).count(), 4);
    for case in fixture.cases {
        let found_alpha = alpha(units(&case.raters).iter());
        assert!((found_alpha - case.alpha).abs() < TOLERANCE, "{}: alpha {found_alpha}", case.name);
        let mut found_kappa = f64::NAN;
        if let Some(expected) = case.kappa {
            let mut pairs: Pairs<C> = [[0; C]; C];
            for (a, b) in case.raters[0].iter().zip(&case.raters[1]) {
                if let (Some(a), Some(b)) = (a, b) {
                    pairs[*a][*b] += 1;
                }
            }
            found_kappa = kappa(&pairs);
            assert!((found_kappa - expected).abs() < TOLERANCE, "{}: kappa {found_kappa}", case.name);
        }
        if let Some(published) = case.published {
            let found = if published.figure == "alpha" { found_alpha } else { found_kappa };
            assert!((found - published.value).abs() <= 0.0005, "{}: {found} not {}", case.name, published.value);
        }
    }
}
