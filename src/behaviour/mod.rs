//! A behavioural suite: short texts whose stances the codebook settles, labelled end to end.
//!
//! After `CheckList` (Ribeiro, Wu, Guestrin and Singh, ACL 2020). The written groups of `datasets/behaviour/` are its
//! minimum functionality tests: a case says which label each pair must get, whichever countries fill it. Three groups
//! are generated from the same cases and are its invariance tests: other countries, an unrelated sentence, or one about a
//! country that has nothing to do with the case must not change any label, right or wrong.
//!
//! `case` is a text with placeholders, `judge` compares one labelled text with what it should say, `suite` runs all.
//! Opening a model, printing and exit statuses are left to `commands`.

mod case;
mod judge;
mod suite;

pub use case::{Case, Cast, Country, Letter, Template, TemplateError};
pub use judge::{Found, Miss};
pub use suite::{COUNTRY_SWAP, Failure, IRRELEVANT_ADDITION, Plan, Report, Score, UNRELATED_COUNTRY};

const COUNTRIES: &str = include_str!("../../datasets/behaviour/countries.csv");
const ADDITIONS: &str = include_str!("../../datasets/behaviour/additions.txt");
const NEIGHBOURS: &str = include_str!("../../datasets/behaviour/neighbours.txt");
const GROUPS: [(&str, &str); 10] = [
    ("historic_predecessor", include_str!("../../datasets/behaviour/historic_predecessor.jsonl")),
    ("hypothetical_planned", include_str!("../../datasets/behaviour/hypothetical_planned.jsonl")),
    ("negation", include_str!("../../datasets/behaviour/negation.jsonl")),
    ("passive_reversal", include_str!("../../datasets/behaviour/passive_reversal.jsonl")),
    ("place_not_government", include_str!("../../datasets/behaviour/place_not_government.jsonl")),
    ("private_persons", include_str!("../../datasets/behaviour/private_persons.jsonl")),
    ("refusal_withdrawal", include_str!("../../datasets/behaviour/refusal_withdrawal.jsonl")),
    ("reported_accusation", include_str!("../../datasets/behaviour/reported_accusation.jsonl")),
    ("several_actors", include_str!("../../datasets/behaviour/several_actors.jsonl")),
    ("third_party_urging", include_str!("../../datasets/behaviour/third_party_urging.jsonl")),
];

/// Cases that probe one thing.
#[derive(Debug, Clone)]
pub struct Group {
    /// Name of its file, without the extension.
    pub name: &'static str,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// A file of the suite is malformed: a defect of the build, which the tests rule out.
#[derive(Debug, thiserror::Error)]
pub enum BehaviourError {
    /// A line is no case.
    #[error("datasets/behaviour/{group}.jsonl, line {line}: {source}")]
    Case {
        /// Its group.
        group: &'static str,
        /// From 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A line is no sentence about a country.
    #[error("datasets/behaviour/neighbours.txt: {0}")]
    Neighbour(#[from] TemplateError),
    /// A row is no country.
    #[error("datasets/behaviour/countries.csv: {0}")]
    Country(#[from] csv::Error),
}

/// The written groups.
///
/// # Errors
/// If a line of a file is no case.
pub fn groups() -> Result<Vec<Group>, BehaviourError> {
    GROUPS.into_iter().map(|(name, text)| Ok(Group { name, cases: cases(name, text)? })).collect()
}

fn cases(group: &'static str, text: &str) -> Result<Vec<Case>, BehaviourError> {
    let case =
        |(i, line)| serde_json::from_str(line).map_err(|source| BehaviourError::Case { group, line: i + 1, source });
    text.lines().enumerate().map(case).collect()
}

/// The countries that fill the cases: 57 from all continents that take no article and whose name, adjective and capital
/// differ and mean nothing else.
///
/// # Errors
/// If a row of the table is malformed.
pub fn countries() -> Result<Vec<Country>, BehaviourError> {
    Ok(csv::Reader::from_reader(COUNTRIES.as_bytes()).into_deserialize().collect::<Result<_, _>>()?)
}

/// Sentences that name no polity and have nothing to do with any case.
pub fn additions() -> Vec<&'static str> {
    ADDITIONS.lines().collect()
}

/// Sentences about a country, `{E}`, that takes no part in any case; they report no stance.
///
/// # Errors
/// If a brace of a line opens no placeholder.
pub fn neighbours() -> Result<Vec<Template>, BehaviourError> {
    Ok(NEIGHBOURS.lines().map(|line| line.to_owned().try_into()).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::PolityId;
    use crate::mention::Detector;
    use crate::registry::{Kind, Registry, Rule};
    use std::collections::BTreeSet;

    #[test]
    fn every_case_has_its_own_id_and_expects_one_label_of_pairs_that_it_names() {
        let groups = groups().expect("well-formed cases");
        let mut ids = BTreeSet::new();
        for case in groups.iter().flat_map(|g| &g.cases) {
            assert!(ids.insert(&case.id), "{} twice", case.id);
            assert!(!case.expect.is_empty(), "{}", case.id);
            let letters = case.template.letters();
            assert!(!letters.contains(&Letter::E), "{}: E is for a country that no case names", case.id);
            let mut pairs = BTreeSet::new();
            for (actor, target, _) in &case.expect {
                assert!(actor != target && letters.contains(actor) && letters.contains(target), "{}", case.id);
                assert!(pairs.insert((actor, target)), "{}: {actor:?} toward {target:?} twice", case.id);
            }
        }
        assert_eq!(ids.len(), 488);
    }

    #[test]
    fn a_malformed_case_is_located() {
        let good = r#"{"id":"x","text":"{A} met {B}.","expect":[["A","B","engage"]]}"#;
        assert_eq!(cases("negation", good).expect("a case").len(), 1);
        for (bad, expected) in [
            (good.replace("{B}", "{F}"), "`{F}` is no placeholder"),
            (good.replace("engage", "like"), "unknown variant `like`"),
        ] {
            let error = cases("negation", &format!("{good}\n{bad}")).expect_err("a bad line").to_string();
            assert!(error.starts_with("datasets/behaviour/negation.jsonl, line 2: "), "{error}");
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_countrys_name_adjective_and_capital_mean_it_alone() {
        let (registry, countries) = (Registry::embedded().expect("the registry"), countries().expect("countries"));
        assert!(countries.len() >= 40);
        let ids: BTreeSet<&PolityId> = countries.iter().map(|c| &c.id).collect();
        assert_eq!(ids.len(), countries.len());
        for country in &countries {
            assert_ne!(country.name, country.capital);
            for (surface, kind) in
                [(&country.name, Kind::Name), (&country.adjective, Kind::Demonym), (&country.capital, Kind::Capital)]
            {
                let readings: Vec<_> = registry.aliases.iter().filter(|a| a.surface == *surface).collect();
                let sure = |a: &&crate::registry::Alias| {
                    a.polity == country.id && a.rule == Rule::Always && a.valid_from.is_none() && a.valid_to.is_none()
                };
                assert!(readings.iter().all(sure) && readings.iter().any(|a| a.kind == kind), "{surface}");
            }
        }
    }

    #[test]
    fn every_country_is_found_under_every_letter_of_every_case() {
        let detector = Detector::new(Registry::embedded().expect("the registry"));
        let (groups, countries) = (groups().expect("cases"), countries().expect("countries"));
        for case in groups.iter().flat_map(|g| &g.cases) {
            let letters = case.template.letters();
            for first in 0..countries.len() {
                let cast = Cast(std::array::from_fn(|i| &countries[(first + 7 * i) % countries.len()]));
                let text = case.template.fill(&cast);
                let linked = detector.link(&text, None);
                let found: BTreeSet<&PolityId> = linked.mentions.iter().map(|m| &m.polity).collect();
                let expected = letters.iter().map(|letter| &cast.country(*letter).id).collect();
                assert_eq!(found, expected, "{}: {text}", case.id);
            }
        }
    }

    #[test]
    fn every_neighbour_is_one_sentence_about_the_country_that_no_case_names() {
        let detector = Detector::new(Registry::embedded().expect("the registry"));
        let (neighbours, countries) = (neighbours().expect("templates"), countries().expect("countries"));
        assert!(neighbours.len() >= 12);
        for neighbour in neighbours {
            assert_eq!(neighbour.letters(), BTreeSet::from([Letter::E]));
            for country in &countries {
                let text = neighbour.fill(&Cast([country; 5]));
                let mentions = detector.link(&text, None).mentions;
                assert!(mentions.len() == 1 && mentions[0].polity == country.id, "{text}");
                assert_eq!(crate::segment::sentences(&text).len(), 1, "{text}");
            }
        }
    }

    #[test]
    fn no_addition_names_a_polity_and_each_is_one_sentence() {
        let detector = Detector::new(Registry::embedded().expect("the registry"));
        assert!(additions().len() >= 12);
        for addition in additions() {
            assert!(detector.link(addition, None).mentions.is_empty(), "{addition}");
            assert_eq!(crate::segment::sentences(addition).len(), 1, "{addition}");
        }
    }
}
