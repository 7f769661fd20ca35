//! From ratings to all that `review agree` reports: all raters, each pair, each class and country, and each rater against
//! the model, with intervals over whole documents. The figures are those of `metrics::agreement`.

use super::ratings::{RatedRow, Ratings};
use crate::metrics::agreement::{
    Pairs, Unit, against_rest, agreement, alpha, kappa, pairwise_agreement, specific_agreement,
};
use crate::metrics::interval::{Bootstrap, Interval};
use crate::stance::Stance;
use serde::Serialize;
use std::collections::BTreeMap;

/// A figure with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// `None` (null) where undefined.
    pub value: Option<f64>,
    /// At 95 %; `None` where nothing varied, or with fewer than two documents.
    pub interval: Option<Interval>,
}

/// Everything that is reported.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Names.
    pub raters: Vec<String>,
    /// Rows with at least one label.
    pub rows: usize,
    /// Their documents.
    pub documents: usize,
    /// How the intervals were drawn.
    pub bootstrap: Bootstrap,
    /// All raters.
    pub all: Together,
    /// Each two raters.
    pub pairs: Vec<Pair>,
    /// Each class against the rest.
    pub classes: Vec<Class>,
    /// Rows of each actor, the most frequent first.
    pub countries: Vec<Country>,
    /// Each rater against the model.
    pub model: Vec<Pair>,
    /// The same on audit rows alone, which stand for all rows that the audit was drawn from.
    pub model_on_audit: Vec<Pair>,
}

/// All raters on some rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Together {
    /// Rows with two labels or more.
    pub rows: usize,
    /// Share of pairs of labels that agree.
    pub agreement: Figure,
    /// Krippendorff's α, nominal.
    pub alpha: Figure,
}

/// Two raters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// One.
    pub first: String,
    /// The other.
    pub second: String,
    /// Rows that both labelled.
    pub rows: usize,
    /// Share on which they agree.
    pub agreement: Figure,
    /// Cohen's κ.
    pub kappa: Figure,
    /// Labels of the first (row) and the second (column), in the order of [`Stance::ALL`].
    pub counts: Pairs<4>,
}

/// One class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Class {
    /// The class.
    pub class: Stance,
    /// Labels of this class on rows with two labels or more.
    pub labels: usize,
    /// Of the labels of this class, the share that meets the same label.
    pub agreement: Figure,
    /// Krippendorff's α of this class against the rest.
    pub alpha: Figure,
}

/// One country.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Country {
    /// Registry id of the actor.
    pub actor: String,
    /// All raters on its rows.
    #[serde(flatten)]
    pub together: Together,
}

/// Computes everything.
pub fn compute(ratings: &Ratings, bootstrap: Bootstrap) -> Agreement {
    let Ratings { raters, units } = ratings;
    let shared: Vec<&RatedRow> = units.iter().filter(|unit| unit.labels.iter().flatten().count() > 1).collect();
    let mut countries: BTreeMap<&str, Vec<&RatedRow>> = BTreeMap::new();
    for unit in &shared {
        countries.entry(&unit.actor).or_default().push(unit);
    }
    let country = |(actor, rows): (&str, Vec<&RatedRow>)| Country {
        actor: actor.to_owned(),
        together: together(&rows, &bootstrap),
    };
    let mut countries: Vec<Country> = countries.into_iter().map(country).collect();
    countries.sort_by(|a, b| b.together.rows.cmp(&a.together.rows).then_with(|| a.actor.cmp(&b.actor)));
    let two = (0..raters.len()).flat_map(|a| (a + 1..raters.len()).map(move |b| (a, b)));
    let against_model = |only_audit: bool| {
        let rater = |r: usize| {
            let label = move |unit: &RatedRow| unit.labels[r].filter(|_| unit.audit || !only_audit);
            pair(&raters[r], "model", units, &label, &|unit| unit.model, &bootstrap)
        };
        (0..raters.len()).map(rater).filter(|pair| pair.rows > 0).collect()
    };
    let mut documents: Vec<&str> = units.iter().map(|unit| &*unit.document).collect();
    documents.sort_unstable();
    documents.dedup();
    Agreement {
        raters: raters.clone(),
        rows: units.len(),
        documents: documents.len(),
        bootstrap,
        all: together(&shared, &bootstrap),
        pairs: two
            .map(|(a, b)| pair(&raters[a], &raters[b], units, &|u| u.labels[a], &|u| u.labels[b], &bootstrap))
            .filter(|pair| pair.rows > 0)
            .collect(),
        classes: Stance::ALL.map(|stance| class(stance, &shared, &bootstrap)).to_vec(),
        countries,
        model: against_model(false),
        model_on_audit: against_model(true),
    }
}

fn figure(value: f64, interval: Option<Interval>) -> Figure {
    Figure { value: Some(value).filter(|v| v.is_finite()), interval: interval.filter(|_| value.is_finite()) }
}

fn counts(unit: &RatedRow) -> Unit<4> {
    let mut counts = [0; 4];
    for label in unit.labels.iter().flatten() {
        counts[label.index()] += 1;
    }
    counts
}

/// Two figures of units and their intervals.
fn figures(rows: &[&RatedRow], bootstrap: &Bootstrap, of: impl Fn(&[&Unit<4>]) -> [f64; 2]) -> [Figure; 2] {
    let units: Vec<Unit<4>> = rows.iter().map(|row| counts(row)).collect();
    let documents: Vec<&str> = rows.iter().map(|row| &*row.document).collect();
    let at = |drawn: &[usize]| of(&drawn.iter().map(|i| &units[*i]).collect::<Vec<_>>());
    let intervals = bootstrap.intervals(&documents, at);
    let values = of(&units.iter().collect::<Vec<_>>());
    [figure(values[0], intervals[0]), figure(values[1], intervals[1])]
}

fn together(rows: &[&RatedRow], bootstrap: &Bootstrap) -> Together {
    let both = |units: &[&Unit<4>]| [pairwise_agreement(units.iter().copied()), alpha(units.iter().copied())];
    let [agreement, alpha] = figures(rows, bootstrap, both);
    Together { rows: rows.len(), agreement, alpha }
}

fn class(class: Stance, rows: &[&RatedRow], bootstrap: &Bootstrap) -> Class {
    let i = class.index();
    let [agreement, alpha] = figures(rows, bootstrap, |units| {
        let two: Vec<Unit<2>> = units.iter().map(|unit| against_rest(unit, i)).collect();
        [specific_agreement(units.iter().copied(), i), alpha(two.iter())]
    });
    Class { class, labels: rows.iter().map(|row| counts(row)[i]).sum(), agreement, alpha }
}

fn pair(
    first: &str,
    second: &str,
    units: &[RatedRow],
    a: &dyn Fn(&RatedRow) -> Option<Stance>,
    b: &dyn Fn(&RatedRow) -> Option<Stance>,
    bootstrap: &Bootstrap,
) -> Pair {
    let labelled = units.iter().filter_map(|unit| Some((&*unit.document, a(unit)?.index(), b(unit)?.index())));
    let labels: Vec<(&str, usize, usize)> = labelled.collect();
    let documents: Vec<&str> = labels.iter().map(|label| label.0).collect();
    let count = |items: &mut dyn Iterator<Item = usize>| {
        let mut counts: Pairs<4> = [[0; 4]; 4];
        for i in items {
            counts[labels[i].1][labels[i].2] += 1;
        }
        counts
    };
    let counts = count(&mut (0..labels.len()));
    let [of_agreement, of_kappa] = bootstrap.intervals(&documents, |drawn| {
        let counts = count(&mut drawn.iter().copied());
        [agreement(&counts), kappa(&counts)]
    });
    Pair {
        first: first.to_owned(),
        second: second.to_owned(),
        rows: labels.len(),
        agreement: figure(agreement(&counts), of_agreement),
        kappa: figure(kappa(&counts), of_kappa),
        counts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap { resamples: 1000, seed: 1 };

    fn row(document: usize, actor: &str, labels: [Option<Stance>; 2]) -> RatedRow {
        let audit = document.is_multiple_of(2);
        RatedRow {
            document: document.to_string(),
            actor: actor.into(),
            model: Some(Stance::Engage),
            audit,
            labels: labels.to_vec(),
        }
    }

    #[test]
    fn people_and_model_are_reported_apart() {
        let (engage, condemn) = (Some(Stance::Engage), Some(Stance::Condemn));
        let mut units: Vec<RatedRow> = (0..8).map(|i| row(i, "RUS", [engage, engage])).collect();
        units.push(row(8, "USA", [engage, condemn]));
        units.push(row(9, "USA", [condemn, condemn]));
        units.push(row(10, "USA", [None, condemn]));
        let found = compute(&Ratings { raters: vec!["ana".into(), "ben".into()], units }, BOOTSTRAP);
        assert_eq!((found.rows, found.documents, found.all.rows), (11, 11, 10));
        assert_eq!(found.all.agreement.value, Some(0.9));
        assert_eq!(found.pairs.len(), 1);
        // p_o = 0.9, p_e = 0.9 · 0.8 + 0.1 · 0.2 = 0.74.
        let kappa = found.pairs[0].kappa.value.expect("defined");
        assert!((kappa - 0.16 / 0.26).abs() < 1e-12);
        assert_eq!(found.pairs[0].counts[2], [0, 0, 8, 1]);
        let model: Vec<_> = found.model.iter().map(|p| (&*p.first, p.rows, p.agreement.value)).collect();
        assert_eq!(model, [("ana", 10, Some(0.9)), ("ben", 11, Some(8.0 / 11.0))]);
        assert_eq!(found.model_on_audit.iter().map(|p| p.rows).collect::<Vec<_>>(), [5, 6]);
        let countries: Vec<_> =
            found.countries.iter().map(|c| (&*c.actor, c.together.rows, c.together.agreement.value)).collect();
        assert_eq!(countries, [("RUS", 8, Some(1.0)), ("USA", 2, Some(0.5))]);
        assert_eq!((found.classes[3].labels, found.classes[0].alpha.value), (3, None));
    }
}
