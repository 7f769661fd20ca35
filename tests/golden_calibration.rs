//! Calibration, comparison and intervals against scikit-learn and scipy, on seeded random probabilities and labels.
//!
//! `scripts/golden_calibration.py` writes the reference and defines every figure.

use demarche::metrics::calibration::{BINS, accuracy_at, aurc, brier, ece, reliability, risk_coverage};
use demarche::metrics::comparison::mcnemar;
use demarche::metrics::interval::Bootstrap;
use demarche::stance::{Stance, StanceProbs};
use serde::Deserialize;

/// Sums of a few hundred terms in 64-bit floats on both sides.
const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct Fixture {
    mcnemar: Vec<(u64, u64, f64)>,
    interval: Interval,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Interval {
    /// Right pairs and all pairs of each document.
    documents: Vec<(usize, usize)>,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    brier: f64,
    bins: Vec<(usize, f64, f64)>,
    ece: f64,
    risks: Vec<f64>,
    aurc: f64,
    accuracy_at_80: f64,
    /// Weights of the classes and the index of the gold label.
    items: Vec<([f64; 4], usize)>,
}

fn fixture() -> Fixture {
    let fixture: Fixture =
        serde_json::from_str(include_str!("fixtures/golden_calibration.json")).expect("a well-formed fixture");
    assert!(fixture.cases.len() >= 6 && fixture.mcnemar.len() >= 8);
    fixture
}

#[track_caller]
fn close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= TOLERANCE, "{what}: {found} not {expected}");
}

#[test]
fn calibration_is_that_of_scikit_learn_and_numpy() {
    for case in fixture().cases {
        let item = |(weights, gold): &([f64; 4], usize)| (StanceProbs::from_weights(*weights), Stance::ALL[*gold]);
        let items: Vec<_> = case.items.iter().map(item).collect();
        let what = |figure: &str| format!("{}: {figure}", case.name);
        close(brier(&items), case.brier, &what("Brier score"));
        close(ece(&items), case.ece, &what("ECE"));
        close(aurc(&items), case.aurc, &what("AURC"));
        close(accuracy_at(&items, 0.8), case.accuracy_at_80, &what("accuracy at 80 % coverage"));
        let risks = risk_coverage(&items);
        assert_eq!(risks.len(), case.risks.len());
        for (found, expected) in risks.into_iter().zip(case.risks) {
            close(found, expected, &what("risk"));
        }
        let bins = reliability(&items, BINS);
        assert_eq!(bins.len(), case.bins.len(), "{}", what("bins"));
        for (bin, (count, confidence, accuracy)) in bins.into_iter().zip(case.bins) {
            assert_eq!(bin.count, count, "{}", what("count of a bin"));
            close(bin.confidence, confidence, &what("confidence of a bin"));
            close(bin.accuracy, accuracy, &what("accuracy of a bin"));
        }
    }
}

#[test]
fn the_test_of_two_models_is_that_of_scipy() {
    for (only_first, only_second, p) in fixture().mcnemar {
        let test = mcnemar(only_first, only_second);
        close(test.p, p, &format!("{only_first} against {only_second}"));
        assert_eq!(test.exact, only_first + only_second < 25);
    }
}

#[test]
fn the_document_interval_is_that_of_scipy_within_chance() {
    let expected = fixture().interval;
    let (mut right, mut documents) = (Vec::new(), Vec::new());
    for (document, (hits, size)) in expected.documents.iter().enumerate() {
        right.extend((0..*size).map(|i| f64::from(u8::from(i < *hits))));
        documents.extend(std::iter::repeat_n(document, *size));
    }
    let accuracy = |drawn: &[usize]| [drawn.iter().map(|i| right[*i]).sum::<f64>() / drawn.len() as f64];
    let [interval] = Bootstrap { resamples: 20_000, seed: 1 }.intervals(&documents, accuracy);
    let interval = interval.expect("accuracy is always defined");
    // The streams differ: an end that 20,000 resamples estimate varies by about 0.0006 from seed to seed.
    assert!((interval.low - expected.low).abs() < 0.003, "{interval:?} not {}", expected.low);
    assert!((interval.high - expected.high).abs() < 0.003, "{interval:?} not {}", expected.high);
}
