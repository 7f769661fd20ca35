//! Polities and the names that news gives them, with an as-of date: the embedded registry and the user's additions.
//!
//! The tables are `datasets/registry/`; `load` reads and checks them. Finding names in text is `mention`'s work.

mod load;

use crate::document::{Date, PolityId};
use std::collections::BTreeMap;

pub use load::RegistryError;

/// Facts are as known on this day; later changes of office are not in the tables.
pub const AS_OF: &str = "2026-06-30";

/// What kind of polity it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Member of the United Nations.
    UnMember,
    /// Observer state at the United Nations.
    Observer,
    /// Recognised by some states.
    Partial,
    /// Bloc or international organisation.
    Bloc,
    /// Authority, movement or territory that acts but is no state.
    NonState,
    /// No longer exists.
    Historical,
}

/// One polity.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Polity {
    /// Registry id.
    pub id: PolityId,
    /// Common English name.
    pub name: String,
    /// ISO 3166-1 alpha-3; empty where there is none.
    pub iso3: String,
    /// ISO 3166-1 alpha-2; empty where there is none.
    pub iso2: String,
    /// Correlates of War number; empty where there is none.
    pub cow: String,
    /// Gleditsch and Ward number; empty where there is none.
    pub gw: String,
    /// Kind of polity.
    pub status: Status,
    /// First day, where it matters.
    #[serde(deserialize_with = "load::optional_date")]
    pub valid_from: Option<Date>,
    /// Last day, where it is past.
    #[serde(deserialize_with = "load::optional_date")]
    pub valid_to: Option<Date>,
}

/// What kind of name an alias is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Name of the polity.
    Name,
    /// Adjective or word for its people.
    Demonym,
    /// Capital.
    Capital,
    /// Place or building that stands for the government.
    Metonym,
    /// Head of state or government, royal, foreign minister.
    Leader,
    /// Office.
    Office,
    /// Government body.
    Government,
    /// Name of a bloc.
    Bloc,
    /// What it is, said instead of its name: `kingdom`, `Gulf state`.
    Epithet,
}

/// When an alias counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Whenever it stands there.
    #[serde(rename = "")]
    Always,
    /// A surname: only if the document also has the full name.
    Full,
    /// A surname: only after a title or the polity's name, or if the document has the full name.
    Title,
    /// Also a common name of places or persons: context rules decide.
    State,
    /// A generic institution: only if the document names the polity.
    Near,
    /// After `the`, and only if of all polities that it can mean one alone was named shortly before.
    Back,
}

/// One name of one polity in one period.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Alias {
    /// As news prints it.
    #[serde(rename = "alias")]
    pub surface: String,
    /// Whom it names.
    pub polity: PolityId,
    /// Kind of name.
    pub kind: Kind,
    /// First day on which it names the polity.
    #[serde(deserialize_with = "load::optional_date")]
    pub valid_from: Option<Date>,
    /// Last such day.
    #[serde(deserialize_with = "load::optional_date")]
    pub valid_to: Option<Date>,
    /// When it counts.
    pub rule: Rule,
}

impl Alias {
    /// Whether the alias holds on a day; without a day it does.
    pub fn holds_on(&self, day: Option<Date>) -> bool {
        day.is_none_or(|day| self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to))
    }
}

/// Where a context rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// Anywhere in the document.
    Document,
    /// Within 60 characters.
    Near,
    /// Directly before.
    Before,
    /// Directly after.
    After,
    /// Everywhere: a default.
    Always,
}

/// A rule for an alias that is also a common name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The alias.
    pub surface: String,
    /// The reading that the rule is about.
    pub polity: PolityId,
    /// Where to look.
    pub place: Where,
    /// Any of these words.
    pub words: Vec<String>,
    /// Accept the reading, or reject it.
    pub accept: bool,
    /// Why, in snake case.
    pub reason: String,
}

/// All tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registry {
    /// Polities by id.
    pub polities: BTreeMap<PolityId, Polity>,
    /// Names, in table order.
    pub aliases: Vec<Alias>,
    /// Phrases in which a polity's name is none, with the reason.
    pub blockers: Vec<(String, String)>,
    /// Context rules, first hit wins.
    pub contexts: Vec<Context>,
    /// As-of date and digest of the tables.
    pub version: String,
}

impl Registry {
    /// Common name of a polity; its id if it is not in the registry.
    pub fn name<'a>(&'a self, id: &'a PolityId) -> &'a str {
        self.polities.get(id).map_or(id.0.as_str(), |p| p.name.as_str())
    }

    /// The polity that a user means: an id, or any name of exactly one polity, in any case.
    pub fn find(&self, name: &str) -> Option<PolityId> {
        let id = PolityId(name.to_uppercase());
        if self.polities.contains_key(&id) {
            return Some(id);
        }
        let lower = name.to_lowercase();
        let mut found: Vec<&PolityId> = self
            .polities
            .values()
            .filter(|p| p.name.to_lowercase() == lower)
            .map(|p| &p.id)
            .chain(self.aliases.iter().filter(|a| a.surface.to_lowercase() == lower).map(|a| &a.polity))
            .collect();
        found.sort();
        found.dedup();
        (found.len() == 1).then(|| found[0].clone())
    }
}
