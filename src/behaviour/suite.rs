//! Runs the suite: fills every case several times, labels all texts, and counts the cases that pass.
//!
//! Pure given the corridor. A case passes if every fill of it does; one wrong pair in one fill fails it.

use super::case::{Case, Cast, Country, Template};
use super::judge::{Expected, Miss, misses, reference};
use super::{Group, Letter};
use crate::document::Document;
use crate::look::AskError;
use crate::pipeline::{Corridor, Labelled};
use rand::SeedableRng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

/// Name of the group in which the fills of a case must all get the same labels.
pub const COUNTRY_SWAP: &str = "country_swap";
/// Name of the group in which an unrelated sentence must not change a label.
pub const IRRELEVANT_ADDITION: &str = "irrelevant_addition";

/// Name of the group in which a sentence about another country must not change a label.
pub const UNRELATED_COUNTRY: &str = "unrelated_country";

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The written groups.
    pub groups: &'a [Group],
    /// Who can fill a case; at least five.
    pub countries: &'a [Country],
    /// Sentences without a polity; at least one.
    pub additions: &'a [&'a str],
    /// Sentences about a country that no case names; at least one.
    pub neighbours: &'a [Template],
    /// Fills of each case; at least two, for there is nothing to swap in one.
    pub fills: usize,
    /// Seed of the draw of countries and additions.
    pub seed: u64,
}

/// Cases and how many of them passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// The group.
    pub group: &'static str,
    /// All its cases.
    pub cases: usize,
    /// Those of which every fill came out right.
    pub passed: usize,
}

impl Score {
    /// Share of the cases that passed, 0 to 1; 0 of none.
    pub fn rate(&self) -> f64 {
        if self.cases == 0 { 0.0 } else { self.passed as f64 / self.cases as f64 }
    }
}

/// One wrong pair of one filled text.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The group.
    pub group: &'static str,
    /// The case.
    pub id: String,
    /// The text that was labelled.
    pub text: String,
    /// The pair.
    pub miss: Miss,
}

/// How the suite came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The written groups, then [`COUNTRY_SWAP`], [`IRRELEVANT_ADDITION`] and [`UNRELATED_COUNTRY`].
    pub scores: Vec<Score>,
    /// By case, then group.
    pub failures: Vec<Failure>,
}

/// One fill of a case, labelled.
struct Trial<'a> {
    cast: Cast<'a>,
    plain: &'a Labelled,
    /// The same text with a sentence about nobody.
    added: &'a Labelled,
    /// The same text with a sentence about another country.
    neighboured: &'a Labelled,
}

impl Plan<'_> {
    /// Runs the whole suite. The same plan gives the same texts in every run.
    ///
    /// # Errors
    /// If the tokenizer or the engine refuses a text.
    pub fn run(&self, corridor: &Corridor) -> Result<Report, AskError> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut scores = Vec::new();
        let mut failures = Vec::new();
        let mut swap = Score { group: COUNTRY_SWAP, cases: 0, passed: 0 };
        let mut addition = Score { group: IRRELEVANT_ADDITION, cases: 0, passed: 0 };
        let mut neighbour = Score { group: UNRELATED_COUNTRY, cases: 0, passed: 0 };
        for group in self.groups {
            let mut written = Score { group: group.name, cases: 0, passed: 0 };
            let mut casts = Vec::new();
            let mut documents = Vec::new();
            for case in &group.cases {
                for fill in 0..self.fills {
                    let cast = Cast::draw(self.countries, &mut rng);
                    let plain = case.template.fill(&cast);
                    let about_nobody = *self.additions.choose(&mut rng).expect("a plan has additions");
                    let about_another = self.neighbours.choose(&mut rng).expect("a plan has neighbours").fill(&cast);
                    let [added, neighboured] = [about_nobody, &about_another].map(|sentence| {
                        if fill % 2 == 0 { format!("{sentence} {plain}") } else { format!("{plain} {sentence}") }
                    });
                    documents.extend([plain, added, neighboured].map(|text| document(&case.id, text)));
                    casts.push(cast);
                }
            }
            let labelled = corridor.label(documents, &[])?;
            let trials: Vec<Trial> = casts
                .into_iter()
                .zip(labelled.chunks(3))
                .map(|(cast, texts)| Trial { cast, plain: &texts[0], added: &texts[1], neighboured: &texts[2] })
                .collect();
            for (case, trials) in group.cases.iter().zip(trials.chunks(self.fills)) {
                written.count(case, as_expected(case, trials), &mut failures);
                swap.count(case, same_in_every_fill(case, trials), &mut failures);
                addition.count(case, same_with(|trial| trial.added, case, trials), &mut failures);
                neighbour.count(case, same_with(|trial| trial.neighboured, case, trials), &mut failures);
            }
            scores.push(written);
        }
        scores.extend([swap, addition, neighbour]);
        Ok(Report { scores, failures })
    }
}

impl Score {
    fn count(&mut self, case: &Case, wrong: Vec<(&Labelled, Miss)>, failures: &mut Vec<Failure>) {
        self.cases += 1;
        self.passed += usize::from(wrong.is_empty());
        let group = self.group;
        let failure = |(labelled, miss): (&Labelled, Miss)| Failure {
            group,
            id: case.id.clone(),
            text: labelled.document.text.clone(),
            miss,
        };
        failures.extend(wrong.into_iter().map(failure));
    }
}

fn as_expected<'a>(case: &Case, trials: &[Trial<'a>]) -> Vec<(&'a Labelled, Miss)> {
    let expected: Vec<Expected> =
        case.expect.iter().map(|(actor, target, stance)| (*actor, *target, Some(*stance))).collect();
    trials.iter().flat_map(|trial| located(trial.plain, &trial.cast, &expected)).collect()
}

fn same_in_every_fill<'a>(case: &Case, trials: &[Trial<'a>]) -> Vec<(&'a Labelled, Miss)> {
    let Some(first) = trials.first() else { return Vec::new() };
    let expected = reference(first.plain, &first.cast, &pairs(case));
    trials.iter().flat_map(|trial| located(trial.plain, &trial.cast, &expected)).collect()
}

/// What a sentence more changed in the text that is `longer`.
fn same_with<'a>(
    longer: fn(&Trial<'a>) -> &'a Labelled,
    case: &Case,
    trials: &[Trial<'a>],
) -> Vec<(&'a Labelled, Miss)> {
    let pairs = pairs(case);
    let wrong = |trial: &Trial<'a>| {
        let expected = reference(trial.plain, &trial.cast, &pairs);
        located(longer(trial), &trial.cast, &expected)
    };
    trials.iter().flat_map(wrong).collect()
}

fn located<'a>(labelled: &'a Labelled, cast: &Cast, expected: &[Expected]) -> Vec<(&'a Labelled, Miss)> {
    misses(labelled, cast, expected).into_iter().map(|miss| (labelled, miss)).collect()
}

/// Every directed pair of the countries that a case names, also those of which it expects nothing.
fn pairs(case: &Case) -> Vec<(Letter, Letter)> {
    let letters = case.template.letters();
    let toward = |actor: Letter| letters.iter().filter(move |target| **target != actor).map(move |t| (actor, *t));
    letters.iter().flat_map(|actor| toward(*actor)).collect()
}

fn document(id: &str, text: String) -> Document {
    Document { id: id.to_owned(), date: None, title: String::new(), text, source: id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::{additions, countries, neighbours};
    use crate::encode::Batch;
    use crate::engine::{Engine, EngineError, FakeEngine, Logits};
    use crate::mention::Detector;
    use crate::model::Model;
    use crate::passage::Scope;
    use crate::registry::Registry;
    use crate::stance::Stance;
    use ndarray::Array2;

    /// Says one label, whatever it reads.
    struct Constant(Stance);

    impl Engine for Constant {
        fn logits(&self, batch: &Batch) -> Result<Logits, EngineError> {
            let mut rows = Array2::zeros((batch.dyads(), 4));
            rows.column_mut(self.0.index()).fill(4.0);
            Ok(Logits(rows))
        }

        fn name(&self) -> &'static str {
            "constant"
        }
    }

    fn groups() -> Vec<Group> {
        let case = |text: &str| serde_json::from_str(text).expect("a case");
        let cases = [
            r#"{"id":"x-1","text":"{A} recognised {B}.","expect":[["A","B","recognize"],["B","A","none"]]}"#,
            r#"{"id":"x-2","text":"{A} beat {B} 3-1.","expect":[["A","B","none"],["B","A","none"]]}"#,
            r#"{"id":"x-3","text":"The {A:adj} army shelled {B:capital}.","expect":[["A","B","condemn"]]}"#,
        ];
        vec![Group { name: "written", cases: cases.map(case).to_vec() }]
    }

    fn run(engine: &dyn Engine, registry: Registry) -> Report {
        let model = Model::open("models/minilm-stance".as_ref()).expect("the committed model opens");
        let detector = Detector::new(registry);
        let scope = Scope::All;
        let corridor = Corridor::new(&detector, &model, engine, &scope);
        let (groups, countries) = (groups(), countries().expect("countries"));
        let (additions, neighbours) = (additions(), neighbours().expect("templates"));
        let plan = Plan {
            groups: &groups,
            countries: &countries,
            additions: &additions,
            neighbours: &neighbours,
            fills: 3,
            seed: 1,
        };
        let report = plan.run(&corridor).expect("all texts are labelled");
        assert_eq!(report, plan.run(&corridor).expect("all texts are labelled again"));
        report
    }

    fn passed(report: &Report) -> Vec<(&str, usize, usize)> {
        report.scores.iter().map(|s| (s.group, s.cases, s.passed)).collect()
    }

    #[test]
    fn an_engine_that_always_says_one_label_passes_only_where_that_is_the_answer() {
        for (stance, right) in [(Stance::None, "x-2"), (Stance::Condemn, "x-3")] {
            let report = run(&Constant(stance), Registry::embedded().expect("the registry"));
            assert_eq!(
                passed(&report),
                [("written", 3, 1), (COUNTRY_SWAP, 3, 3), (IRRELEVANT_ADDITION, 3, 3), (UNRELATED_COUNTRY, 3, 3)]
            );
            assert!(report.failures.iter().all(|f| f.id != right && f.miss.found.stance() == Some(stance)));
        }
    }

    #[test]
    fn swapped_countries_and_sentences_about_nobody_do_not_reach_the_engine_but_other_countries_do() {
        let report = run(&FakeEngine, Registry::embedded().expect("the registry"));
        let [_, swap, addition, neighbour] = &report.scores[..] else { panic!("four groups") };
        assert_eq!((swap.passed, addition.passed), (3, 3));
        assert!(neighbour.passed < 3, "an engine that looks at every token is moved by another country");
    }

    #[test]
    fn a_country_that_the_detector_does_not_find_fails_its_cases_in_every_group() {
        let mut registry = Registry::embedded().expect("the registry");
        registry.aliases.clear();
        let report = run(&Constant(Stance::None), registry);
        assert!(report.scores.iter().all(|score| score.cases == 3 && score.passed == 0));
        assert!(report.failures.iter().all(|f| f.miss.found.to_string().starts_with("no mention of ")));
    }
}
