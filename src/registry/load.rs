//! Reads and checks the registry's tables.

use super::{AS_OF, Alias, Context, Polity, Registry, Where};
use crate::document::{Date, PolityId};
use crate::model::folder::sha256;
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};

const POLITIES: &str = include_str!("../../datasets/registry/polities.csv");
const BLOCKERS: &str = include_str!("../../datasets/registry/blockers.csv");
const CONTEXTS: &str = include_str!("../../datasets/registry/contexts.csv");
const ALIASES: [(&str, &str); 6] = [
    ("core.csv", include_str!("../../datasets/registry/aliases/core.csv")),
    ("leaders_west.csv", include_str!("../../datasets/registry/aliases/leaders_west.csv")),
    ("leaders_east.csv", include_str!("../../datasets/registry/aliases/leaders_east.csv")),
    ("institutions_west.csv", include_str!("../../datasets/registry/aliases/institutions_west.csv")),
    ("institutions_east.csv", include_str!("../../datasets/registry/aliases/institutions_east.csv")),
    ("epithets.csv", include_str!("../../datasets/registry/aliases/epithets.csv")),
];

/// A table is wrong.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The user's file cannot be read.
    #[error("registry file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A row is not what the header says.
    #[error("registry table {table}: {source}")]
    Row {
        /// The table.
        table: String,
        /// Line and reason.
        source: csv::Error,
    },
    /// An alias of no polity.
    #[error("registry table {table}: alias `{alias}` names polity `{polity}`, which polities.csv does not have")]
    Unknown {
        /// The table.
        table: String,
        /// The alias.
        alias: String,
        /// Its polity.
        polity: PolityId,
    },
}

#[derive(Deserialize)]
struct Blocker {
    phrase: String,
    reason: String,
}

#[derive(Deserialize)]
struct RawContext {
    alias: String,
    polity: PolityId,
    r#where: Where,
    words: String,
    verdict: Verdict,
    reason: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Accept,
    Reject,
}

impl Registry {
    /// The embedded tables.
    ///
    /// # Errors
    /// If a table is malformed: a defect of the build, which the tests rule out.
    pub fn embedded() -> Result<Self, RegistryError> {
        let mut registry = Self::default();
        for polity in rows::<Polity>("polities.csv", POLITIES)? {
            registry.polities.insert(polity.id.clone(), polity);
        }
        let mut whole = [POLITIES, BLOCKERS, CONTEXTS].concat();
        for (table, text) in ALIASES {
            registry.add(table, rows(table, text)?)?;
            whole.push_str(text);
        }
        registry.blockers =
            rows::<Blocker>("blockers.csv", BLOCKERS)?.into_iter().map(|b| (b.phrase, b.reason)).collect();
        registry.contexts = rows::<RawContext>("contexts.csv", CONTEXTS)?
            .into_iter()
            .map(|raw| Context {
                surface: raw.alias,
                polity: raw.polity,
                place: raw.r#where,
                words: raw.words.split('|').filter(|w| !w.is_empty()).map(str::to_owned).collect(),
                accept: raw.verdict == Verdict::Accept,
                reason: raw.reason,
            })
            .collect();
        registry.version = format!("{AS_OF}+{}", &sha256(whole.as_bytes())[..12]);
        Ok(registry)
    }

    /// The embedded tables and the aliases of `files`.
    ///
    /// # Errors
    /// As [`Registry::extend`].
    pub fn with(files: &[PathBuf]) -> Result<Self, RegistryError> {
        let mut registry = Self::embedded()?;
        for path in files {
            registry.extend(path)?;
        }
        Ok(registry)
    }

    /// Adds aliases from a file with the columns of `datasets/registry/aliases`.
    ///
    /// # Errors
    /// If it cannot be read or names a polity that does not exist.
    pub fn extend(&mut self, path: &Path) -> Result<(), RegistryError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| RegistryError::Io { path: path.to_owned(), source })?;
        let table = path.display().to_string();
        self.add(&table, rows(&table, &text)?)?;
        self.version = format!("{}+{}", self.version, &sha256(text.as_bytes())[..8]);
        Ok(())
    }

    fn add(&mut self, table: &str, aliases: Vec<Alias>) -> Result<(), RegistryError> {
        if let Some(alias) = aliases.iter().find(|a| !self.polities.contains_key(&a.polity)) {
            let (alias, polity) = (alias.surface.clone(), alias.polity.clone());
            return Err(RegistryError::Unknown { table: table.to_owned(), alias, polity });
        }
        self.aliases.extend(aliases);
        Ok(())
    }
}

fn rows<T: serde::de::DeserializeOwned>(table: &str, text: &str) -> Result<Vec<T>, RegistryError> {
    let fail = |source| RegistryError::Row { table: table.to_owned(), source };
    csv::Reader::from_reader(text.as_bytes()).into_deserialize().collect::<Result<_, _>>().map_err(fail)
}

/// Empty is none.
pub(super) fn optional_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| serde::de::Error::custom(format!("`{text}` is not YYYY-MM-DD")))
}
