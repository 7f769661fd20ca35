//! A case: a text with placeholders for countries, and the labels that it must get whoever fills them.

use crate::document::{Dyad, PolityId};
use crate::stance::Stance;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Which country of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Letter {
    /// The first.
    A,
    /// The second.
    B,
    /// The third.
    C,
    /// The fourth.
    D,
    /// One that no case names.
    E,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique in the suite: three letters of the group and a number.
    pub id: String,
    /// The text.
    #[serde(rename = "text")]
    pub template: Template,
    /// Actor, target and the label of that pair. Pairs that the codebook leaves open are not listed.
    pub expect: Vec<(Letter, Letter, Stance)>,
}

/// A text with placeholders: `{A}` is a name, `{A:adj}` an adjective, `{A:capital}` a capital; `A` to `E`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Plain(String),
    Country(Letter, Form),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Name,
    Adjective,
    Capital,
}

/// A brace opens no placeholder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no placeholder, expected {{A}}, {{A:adj}} or {{A:capital}}, with a letter from A to E")]
pub struct TemplateError(String);

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').map_or(rest.len(), |at| open + at + 1);
            let placeholder = &rest[open..close];
            let (letter, form) = parse(placeholder).ok_or_else(|| TemplateError(placeholder.to_owned()))?;
            pieces.push(Piece::Plain(rest[..open].to_owned()));
            pieces.push(Piece::Country(letter, form));
            rest = &rest[close..];
        }
        pieces.push(Piece::Plain(rest.to_owned()));
        Ok(Self(pieces))
    }
}

fn parse(placeholder: &str) -> Option<(Letter, Form)> {
    let inner = placeholder.strip_prefix('{')?.strip_suffix('}')?;
    let (letter, form) = inner.split_once(':').unwrap_or((inner, "name"));
    let letter = match letter {
        "A" => Letter::A,
        "B" => Letter::B,
        "C" => Letter::C,
        "D" => Letter::D,
        "E" => Letter::E,
        _ => return None,
    };
    let form = match form {
        "name" => Form::Name,
        "adj" => Form::Adjective,
        "capital" => Form::Capital,
        _ => return None,
    };
    Some((letter, form))
}

impl Template {
    /// The countries that the text names.
    pub fn letters(&self) -> BTreeSet<Letter> {
        let letter = |piece: &Piece| match piece {
            Piece::Plain(_) => None,
            Piece::Country(letter, _) => Some(*letter),
        };
        self.0.iter().filter_map(letter).collect()
    }

    /// The text with a cast's countries in it.
    pub fn fill(&self, cast: &Cast) -> String {
        let surfaces = self.0.iter().map(|piece| match piece {
            Piece::Plain(text) => text.as_str(),
            Piece::Country(letter, form) => cast.country(*letter).surface(*form),
        });
        surfaces.collect()
    }
}

/// A country that can fill a placeholder: a row of `datasets/behaviour/countries.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Country {
    /// Registry id.
    pub id: PolityId,
    /// Common English name.
    pub name: String,
    /// Adjective.
    pub adjective: String,
    /// Capital.
    pub capital: String,
}

impl Country {
    fn surface(&self, form: Form) -> &str {
        match form {
            Form::Name => &self.name,
            Form::Adjective => &self.adjective,
            Form::Capital => &self.capital,
        }
    }
}

/// Who fills `A` to `E`: five different countries.
#[derive(Debug, Clone, Copy)]
pub struct Cast<'a>(pub(super) [&'a Country; 5]);

impl<'a> Cast<'a> {
    /// Draws one. `countries` must be at least five.
    pub fn draw(countries: &'a [Country], rng: &mut ChaCha8Rng) -> Self {
        let drawn: Vec<&Country> = countries.choose_multiple(rng, 5).collect();
        Self(std::array::from_fn(|i| drawn[i]))
    }

    /// Who fills a letter.
    pub fn country(&self, letter: Letter) -> &'a Country {
        self.0[letter as usize]
    }

    /// The pair that two letters stand for.
    pub fn dyad(&self, actor: Letter, target: Letter) -> Dyad {
        Dyad { actor: self.country(actor).id.clone(), target: self.country(target).id.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::countries;
    use rand::SeedableRng as _;

    fn template(text: &str) -> Result<Template, TemplateError> {
        text.to_owned().try_into()
    }

    #[test]
    fn placeholders_become_names_adjectives_and_capitals() {
        let countries = countries().expect("countries");
        let named = |name: &str| countries.iter().find(|c| c.name == name).expect("in the list");
        let cast = Cast([named("Peru"), named("Iceland"), named("Brazil"), named("Kenya"), named("Nepal")]);
        let template = template("{A:capital} backed {D}'s {B:adj} envoy; {C} did not.").expect("a template");
        assert_eq!(template.fill(&cast), "Lima backed Kenya's Icelandic envoy; Brazil did not.");
        assert_eq!(template.letters().len(), 4);
        let dyad = cast.dyad(Letter::C, Letter::A);
        assert_eq!((dyad.actor, dyad.target), ("BRA".into(), "PER".into()));
    }

    #[test]
    fn a_brace_that_opens_no_placeholder_is_an_error() {
        for bad in ["{F}", "{A:flag}", "{a}", "{}", "{A and {B}", "{A"] {
            assert!(template(&format!("Then {bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cast_is_five_different_countries_and_follows_from_the_seed() {
        let countries = countries().expect("countries");
        let ids = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let casts = (0..50).map(|_| Cast::draw(&countries, &mut rng).0.map(|c| c.id.clone()));
            casts.collect::<Vec<_>>()
        };
        assert!(ids(1).iter().all(|cast| BTreeSet::from(cast.clone()).len() == 5));
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
    }
}
