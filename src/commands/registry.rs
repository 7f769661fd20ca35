//! `demarche registry`: which polities the program knows, under which names and codes, and whether the tables are sound.

use super::outputs::apart;
use crate::cli::{RegistryAction, RegistryArgs};
use crate::document::PolityId;
use crate::output::file::Pending;
use crate::registry::{AS_OF, Polity, Registry, Status};
use anyhow::{Context, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Runs the command; what is asked goes to `out`. `false` if `check` found a fault.
///
/// # Errors
/// If a table cannot be read, a name is unknown, or a file cannot be written or would overwrite a table that was read.
pub fn run(args: &RegistryArgs, out: &mut dyn Write) -> Result<bool> {
    let registry = Registry::with(&args.registry)?;
    match &args.action {
        RegistryAction::List { polities } if polities.is_empty() => overview(&registry, out)?,
        RegistryAction::List { polities } => {
            for name in polities {
                let id = registry.find(name).with_context(|| {
                    format!(
                        "`{name}` is no polity of the registry, or names several; give its id, such as RUS or #TALIBAN"
                    )
                })?;
                aliases(&registry, &registry.polities[&id], out)?;
            }
        }
        RegistryAction::Check => {
            let faults = faults(&registry);
            for fault in &faults {
                writeln!(out, "{fault}")?;
            }
            let (polities, aliases) = (registry.polities.len(), registry.aliases.len());
            writeln!(
                out,
                "registry {}: {polities} polities, {aliases} aliases, {} faults",
                registry.version,
                faults.len()
            )?;
            return Ok(faults.is_empty());
        }
        RegistryAction::Export { folder } => {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let (polities, aliases) = (folder.join("polities.csv"), folder.join("aliases.csv"));
            apart(&[&polities, &aliases], &args.registry, "name another folder")?;
            export(&polities, registry.polities.values())?;
            export(&aliases, registry.aliases.iter())?;
            writeln!(out, "wrote polities.csv and aliases.csv to {}", folder.display())?;
        }
    }
    Ok(true)
}

/// The version, the number of polities of each status, and every choice that someone may contest.
fn overview(registry: &Registry, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "registry {}, facts as of {AS_OF}", registry.version)?;
    let mut names: BTreeMap<&PolityId, usize> = BTreeMap::new();
    for alias in &registry.aliases {
        *names.entry(&alias.polity).or_default() += 1;
    }
    let of = |statuses: &'static [Status]| registry.polities.values().filter(|p| statuses.contains(&p.status));
    for (title, statuses) in [
        ("members of the United Nations", [Status::UnMember].as_slice()),
        ("blocs and organisations", &[Status::Bloc]),
        ("states of the past", &[Status::Historical]),
    ] {
        writeln!(out, "{:>4} {title}", of(statuses).count())?;
    }
    writeln!(
        out,
        "\nCoded as actors of their own. That a polity is listed says how news can be coded, not what is rightful;"
    )?;
    writeln!(out, "--registry FILE points names elsewhere.")?;
    for (title, statuses) in [
        ("observers at the United Nations", [Status::Observer].as_slice()),
        ("recognised by some states", &[Status::Partial]),
        ("non-state and contested authorities", &[Status::NonState]),
    ] {
        writeln!(out, "\n{title}")?;
        for polity in of(statuses) {
            let count = names.get(&polity.id).unwrap_or(&0);
            writeln!(out, "  {:<14} {:<44} {}  {count} names", polity.id.0, polity.name, period(polity))?;
        }
    }
    Ok(())
}

fn period(polity: &Polity) -> String {
    let day = |d: Option<crate::document::Date>| d.map(|d| d.to_string()).unwrap_or_default();
    match (polity.valid_from, polity.valid_to) {
        (None, None) => String::new(),
        (from, to) => format!("{}..{}", day(from), day(to)),
    }
}

/// One polity with its codes and every name.
fn aliases(registry: &Registry, polity: &Polity, out: &mut dyn Write) -> Result<()> {
    let Polity { id, name, iso3, iso2, cow, gw, .. } = polity;
    writeln!(out, "{id} {name}  ISO3 {iso3} ISO2 {iso2} COW {cow} GW {gw} {}", period(polity))?;
    let mut table = csv::Writer::from_writer(Vec::new());
    for alias in registry.aliases.iter().filter(|a| a.polity == *id) {
        table.serialize(alias)?;
    }
    Ok(out.write_all(&table.into_inner().map_err(csv::IntoInnerError::into_error)?)?)
}

/// Rows that contradict themselves or each other, and polities that no text can name.
fn faults(registry: &Registry) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen: BTreeMap<(&str, &PolityId), Vec<usize>> = BTreeMap::new();
    for (i, alias) in registry.aliases.iter().enumerate() {
        if alias.valid_from.zip(alias.valid_to).is_some_and(|(from, to)| to < from) {
            faults.push(format!("`{}` of {} ends before it begins", alias.surface, alias.polity));
        }
        if alias.surface.trim() != alias.surface || alias.surface.is_empty() {
            faults.push(format!("`{}` of {} is empty or begins or ends with a space", alias.surface, alias.polity));
        }
        let twins = seen.entry((&alias.surface, &alias.polity)).or_default();
        if twins.iter().any(|twin| registry.aliases[*twin] == *alias) {
            faults.push(format!("`{}` of {} stands there twice", alias.surface, alias.polity));
        }
        twins.push(i);
    }
    for polity in registry.polities.values() {
        if !registry.aliases.iter().any(|a| a.polity == polity.id) {
            faults.push(format!("{} {} has no name that a text could use", polity.id, polity.name));
        }
        if polity.valid_from.zip(polity.valid_to).is_some_and(|(from, to)| to < from) {
            faults.push(format!("{} {} ends before it begins", polity.id, polity.name));
        }
    }
    faults
}

fn export<T: Serialize>(path: &Path, rows: impl Iterator<Item = T>) -> Result<()> {
    let mut table = csv::Writer::from_writer(Pending::create(path)?);
    for row in rows {
        table.serialize(row)?;
    }
    Ok(table.into_inner().map_err(csv::IntoInnerError::into_error)?.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(action: RegistryAction) -> String {
        let mut out = Vec::new();
        run(&RegistryArgs { action, registry: Vec::new() }, &mut out).expect("runs");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_list_names_the_contested_polities_and_a_polity_shows_its_names() {
        let all = told(RegistryAction::List { polities: Vec::new() });
        assert!(all.contains("193 members of the United Nations") && all.contains("XKX"), "{all}");
        let kosovo = told(RegistryAction::List { polities: vec!["kosovo".into()] });
        assert!(kosovo.starts_with("XKX Kosovo") && kosovo.contains("Pristina,XKX,capital"), "{kosovo}");
    }

    #[test]
    fn an_exported_table_reads_back_as_the_same_aliases() {
        let folder = tempfile::tempdir().expect("a folder");
        told(RegistryAction::Export { folder: folder.path().to_owned() });
        let whole = Registry::embedded().expect("sound tables");
        let mut bare = Registry { polities: whole.polities.clone(), ..Registry::default() };
        bare.extend(&folder.path().join("aliases.csv")).expect("reads back");
        assert_eq!(bare.aliases, whole.aliases);
    }

    #[test]
    fn a_row_that_ends_before_it_begins_or_stands_twice_is_a_fault() {
        let mut registry = Registry::embedded().expect("sound tables");
        assert_eq!(faults(&registry), Vec::<String>::new());
        let mut alias = registry.aliases[0].clone();
        registry.aliases.push(alias.clone());
        alias.valid_from = "2020-01-02".parse().ok();
        alias.valid_to = "2019-01-02".parse().ok();
        registry.aliases.push(alias);
        let found = faults(&registry);
        assert!(found[0].ends_with("stands there twice") && found[1].ends_with("ends before it begins"), "{found:?}");
    }
}
