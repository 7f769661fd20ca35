//! One labelled text against what it should say.

use super::case::{Cast, Letter};
use crate::document::{Dyad, PolityId};
use crate::pipeline::Labelled;
use crate::stance::Stance;
use std::fmt;

/// What was found of one directed pair.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A label.
    Stance {
        /// The document's label of the pair.
        stance: Stance,
        /// Its pooled probability, 0 to 1.
        probability: f64,
    },
    /// Both were linked, but no passage holds the two: that says `none`.
    Apart,
    /// These of the two were not linked, so that nothing is known: always wrong.
    Unlinked(Vec<PolityId>),
}

impl Found {
    /// What a labelled text says of a pair.
    pub fn of(labelled: &Labelled, dyad: &Dyad) -> Self {
        let linked = |polity: &PolityId| labelled.linked.mentions.iter().any(|m| m.polity == *polity);
        let missing: Vec<PolityId> =
            [&dyad.actor, &dyad.target].into_iter().filter(|polity| !linked(polity)).cloned().collect();
        if !missing.is_empty() {
            return Self::Unlinked(missing);
        }
        let row = labelled.stances.iter().find(|row| row.dyad == *dyad);
        row.map_or(Self::Apart, |row| Self::Stance { stance: row.stance, probability: row.probs.get(row.stance) })
    }

    /// The label; `None` if a polity was not linked.
    pub fn stance(&self) -> Option<Stance> {
        match self {
            Self::Stance { stance, .. } => Some(*stance),
            Self::Apart => Some(Stance::None),
            Self::Unlinked(_) => None,
        }
    }

    /// The label's probability, where the model gave one.
    pub fn probability(&self) -> Option<f64> {
        match self {
            Self::Stance { probability, .. } => Some(*probability),
            Self::Apart | Self::Unlinked(_) => None,
        }
    }

    /// The polities that were not linked.
    pub fn unlinked(&self) -> &[PolityId] {
        match self {
            Self::Unlinked(missing) => missing,
            Self::Stance { .. } | Self::Apart => &[],
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stance { stance, probability } => write!(f, "{stance} ({probability:.2})"),
            Self::Apart => f.write_str("no passage with both"),
            Self::Unlinked(missing) => {
                let ids: Vec<&str> = missing.iter().map(|polity| polity.0.as_str()).collect();
                write!(f, "no mention of {}", ids.join(" or "))
            }
        }
    }
}

/// A pair that did not come out as it should.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// Who toward whom.
    pub dyad: Dyad,
    /// The label it should get; `None` if any would do, as long as both polities are linked.
    pub expected: Option<Stance>,
    /// What it got.
    pub found: Found,
}

/// A pair of letters and the label it should get, `None` for any.
pub(super) type Expected = (Letter, Letter, Option<Stance>);

/// The pairs that did not come out as expected.
pub(super) fn misses(labelled: &Labelled, cast: &Cast, expected: &[Expected]) -> Vec<Miss> {
    let miss = |(actor, target, expected): &Expected| {
        let dyad = cast.dyad(*actor, *target);
        let found = Found::of(labelled, &dyad);
        let fits = found.stance().is_some_and(|stance| expected.is_none_or(|expected| stance == expected));
        (!fits).then_some(Miss { dyad, expected: *expected, found })
    };
    expected.iter().filter_map(miss).collect()
}

/// What a text says of the pairs, for another text to be held against.
pub(super) fn reference(labelled: &Labelled, cast: &Cast, pairs: &[(Letter, Letter)]) -> Vec<Expected> {
    let stance = |actor, target| Found::of(labelled, &cast.dyad(actor, target)).stance();
    pairs.iter().map(|(actor, target)| (*actor, *target, stance(*actor, *target))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::{Evidence, pool};
    use crate::behaviour::{Country, countries};
    use crate::document::{ByteSpan, Document, Mention};
    use crate::mention::Linked;
    use crate::stance::StanceProbs;

    /// Peru, Kenya and Norway; Norway stands in no passage with another.
    const TEXT: &str = "Peru condemned Kenya. Norway.";

    fn cast(countries: &[Country]) -> Cast<'_> {
        let named = |name: &str| countries.iter().find(|c| c.name == name).expect("in the list");
        Cast(["Peru", "Kenya", "Norway", "Italy", "Nepal"].map(named))
    }

    fn labelled(stance: Stance) -> Labelled {
        let mention = |surface: &str, polity: &str| {
            let start = TEXT.find(surface).expect("in the text");
            let span = ByteSpan::new(TEXT, start, start + surface.len()).expect("on boundaries");
            Mention { span, polity: polity.into() }
        };
        let mentions = vec![mention("Peru", "PER"), mention("Kenya", "KEN"), mention("Norway", "NOR")];
        let mut weights = [0.1; 4];
        weights[stance.index()] = 0.7;
        let probs = StanceProbs::from_weights(weights);
        let sentence = ByteSpan::new(TEXT, 0, 21).expect("the first sentence");
        let evidence = Evidence { sentence, probs, truncated: false, alone: false };
        let dyad = Dyad { actor: "PER".into(), target: "KEN".into() };
        Labelled {
            document: Document {
                id: "d".into(),
                date: None,
                title: String::new(),
                text: TEXT.into(),
                source: "d".into(),
            },
            linked: Linked { mentions, rejected: Vec::new() },
            evidence: Vec::new(),
            stances: pool(dyad, TEXT, &[evidence]).into_iter().collect(),
        }
    }

    #[test]
    fn a_pair_passes_with_the_expected_label_and_no_other() {
        let (countries, labelled) = (countries().expect("countries"), labelled(Stance::Condemn));
        let cast = cast(&countries);
        for expected in Stance::ALL {
            let found = misses(&labelled, &cast, &[(Letter::A, Letter::B, Some(expected))]);
            assert_eq!(found.is_empty(), expected == Stance::Condemn);
            assert!(found.iter().all(|miss| miss.found.to_string() == "condemn (0.70)"));
        }
    }

    #[test]
    fn two_linked_polities_without_a_passage_say_none() {
        let (countries, labelled) = (countries().expect("countries"), labelled(Stance::Condemn));
        let cast = cast(&countries);
        assert_eq!(misses(&labelled, &cast, &[(Letter::A, Letter::C, Some(Stance::None))]), []);
        let miss = &misses(&labelled, &cast, &[(Letter::A, Letter::C, Some(Stance::Engage))])[0];
        assert_eq!((&miss.found, miss.found.probability()), (&Found::Apart, None));
    }

    #[test]
    fn a_polity_that_was_not_found_is_wrong_even_where_none_or_any_label_would_do() {
        let (countries, labelled) = (countries().expect("countries"), labelled(Stance::None));
        let cast = cast(&countries);
        for expected in [Some(Stance::None), None] {
            let miss = &misses(&labelled, &cast, &[(Letter::B, Letter::D, expected)])[0];
            assert_eq!(miss.found.to_string(), "no mention of ITA");
        }
    }

    #[test]
    fn another_label_than_the_references_is_a_miss() {
        let countries = countries().expect("countries");
        let cast = cast(&countries);
        let reference = reference(&labelled(Stance::Engage), &cast, &[(Letter::A, Letter::B)]);
        assert_eq!(misses(&labelled(Stance::Engage), &cast, &reference), []);
        let miss = &misses(&labelled(Stance::Condemn), &cast, &reference)[0];
        assert_eq!((miss.expected, miss.found.stance()), (Some(Stance::Engage), Some(Stance::Condemn)));
    }
}
