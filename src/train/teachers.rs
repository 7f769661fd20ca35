//! What other models say of the pairs that are learnt, from what `evaluate --predictions` wrote of them.
//!
//! The student learns the mean of their probabilities beside the label (Hinton, Vinyals, Dean, *Distilling the Knowledge in
//! a Neural Network*, 2015). How much of each is for the recipe to say.

use crate::document::{Dyad, PolityId};
use crate::gold::GoldText;
use crate::ingest::jsonl;
use crate::stance::Stance;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// Answers of teachers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TeacherError {
    /// Cannot be opened or read.
    #[error("teacher {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no answer.
    #[error("teacher {path}, line {line}: {reason}; write it with `demarche evaluate --predictions`")]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What was found.
        reason: String,
    },
    /// Nothing to learn from it.
    #[error("teacher {0} answers nothing; write it with `demarche evaluate --predictions`")]
    Empty(PathBuf),
    /// Answers are found by id.
    #[error("two texts to train on have the id `{0}`, and the teachers speak of it: give each an id of its own")]
    Ambiguous(String),
    /// They speak of other texts.
    #[error("the teachers speak of no pair of the training texts: ids and polities must be the same")]
    Silent,
}

/// What is read of a line of `--predictions`.
#[derive(Deserialize)]
struct Line {
    id: String,
    actor: String,
    target: String,
    p_none: f32,
    p_recognize: f32,
    p_engage: f32,
    p_condemn: f32,
}

/// Probabilities of all teachers, by id of the text and dyad: their sum, and how many spoke.
#[derive(Debug, Default)]
pub struct Teachers {
    said: HashMap<String, HashMap<Dyad, ([f32; 4], f32)>>,
}

impl Teachers {
    /// Reads one file a teacher.
    ///
    /// # Errors
    /// If a file cannot be read, answers nothing or for a pair twice, or a line is no answer.
    pub fn read(paths: &[PathBuf]) -> Result<Self, TeacherError> {
        let mut teachers = Self::default();
        for path in paths {
            teachers.add(path)?;
        }
        Ok(teachers)
    }

    fn add(&mut self, path: &Path) -> Result<(), TeacherError> {
        let io = |source| TeacherError::Io { path: path.to_owned(), source };
        let file = std::io::BufReader::new(std::fs::File::open(path).map_err(io)?);
        let mut seen = HashSet::new();
        for (i, line) in file.lines().enumerate() {
            let line = line.map_err(io)?;
            if line.trim().is_empty() {
                continue;
            }
            let wrong = |reason| TeacherError::Line { path: path.to_owned(), line: i + 1, reason };
            let Line { id, actor, target, p_none, p_recognize, p_engage, p_condemn } =
                serde_json::from_str(&line).map_err(|error| wrong(jsonl::fault(&error)))?;
            let probs = [p_none, p_recognize, p_engage, p_condemn];
            if probs.iter().any(|p| !(0.0..=1.0).contains(p)) || (probs.iter().sum::<f32>() - 1.0).abs() > 1e-3 {
                return Err(wrong(format!("{probs:?} are no probabilities of four labels")));
            }
            let dyad = Dyad { actor: PolityId(actor), target: PolityId(target) };
            if !seen.insert((id.clone(), dyad.clone())) {
                return Err(wrong(format!("{} toward {} in {id} stands there a second time", dyad.actor, dyad.target)));
            }
            let (sum, count) = self.said.entry(id).or_default().entry(dyad).or_default();
            *count += 1.0;
            for (sum, p) in sum.iter_mut().zip(probs) {
                *sum += p;
            }
        }
        if seen.is_empty() { Err(TeacherError::Empty(path.to_owned())) } else { Ok(()) }
    }

    /// Of each pair of the text the mean of what was said, `None` where nobody spoke.
    pub(super) fn of(&self, text: &GoldText) -> Vec<Option<[f32; 4]>> {
        let said = self.said.get(&text.id);
        let mean = |(sum, count): &([f32; 4], f32)| sum.map(|p| p / count);
        text.pairs.iter().map(|pair| said.and_then(|s| s.get(&pair.dyad)).map(mean)).collect()
    }

    /// Checks that every text that they speak of is one text, and that there is one.
    pub(super) fn check<'a>(&self, texts: impl Iterator<Item = &'a GoldText>) -> Result<(), TeacherError> {
        if self.said.is_empty() {
            return Ok(());
        }
        let (mut met, mut taught) = (HashSet::new(), false);
        for text in texts.filter(|text| self.said.contains_key(&text.id)) {
            if !met.insert(&text.id) {
                return Err(TeacherError::Ambiguous(text.id.clone()));
            }
            taught |= self.of(text).iter().any(Option::is_some);
        }
        if taught { Ok(()) } else { Err(TeacherError::Silent) }
    }
}

/// What a student learns of a pair `(4,)`: its label, of which `smoothing` is spread over all four, and to `share` what
/// teachers said, if they did. They were taught smoothed labels themselves, so theirs is taken as it is.
pub(super) fn lesson(stance: Stance, said: Option<[f32; 4]>, share: f32, smoothing: f32) -> [f32; 4] {
    let mut target = [smoothing / 4.0; 4];
    target[stance.index()] += 1.0 - smoothing;
    said.map_or(target, |said| std::array::from_fn(|i| (1.0 - share) * target[i] + share * said[i]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gold::GoldPair;

    fn text(id: &str) -> GoldText {
        let pair = |actor: &str, target: &str| GoldPair {
            dyad: Dyad { actor: actor.into(), target: target.into() },
            stance: Stance::Engage,
            sure: true,
        };
        let pairs = vec![pair("PER", "CHL"), pair("CHL", "PER")];
        GoldText { id: id.into(), date: None, text: String::new(), mentions: Vec::new(), pairs }
    }

    fn line(id: &str, actor: &str, target: &str, [none, recognize, engage, condemn]: [f32; 4]) -> String {
        serde_json::json!({
            "id": id, "actor": actor, "target": target, "gold": "none", "stance": "none",
            "p_none": none, "p_recognize": recognize, "p_engage": engage, "p_condemn": condemn,
        })
        .to_string()
    }

    fn read(files: &[&[String]]) -> Result<Teachers, TeacherError> {
        let folder = tempfile::tempdir().expect("a folder");
        let paths: Vec<PathBuf> = (0..files.len()).map(|i| folder.path().join(format!("{i}.jsonl"))).collect();
        for (path, lines) in paths.iter().zip(files) {
            std::fs::write(path, lines.join("\n")).expect("written");
        }
        Teachers::read(&paths)
    }

    #[test]
    fn a_pair_learns_the_mean_of_those_who_spoke_of_it() {
        let one = [line("a", "PER", "CHL", [0.5, 0.0, 0.5, 0.0]), line("a", "CHL", "PER", [1.0, 0.0, 0.0, 0.0])];
        let two = [line("a", "PER", "CHL", [0.25, 0.25, 0.0, 0.5])];
        let teachers = read(&[&one, &two]).expect("answers");
        assert_eq!(teachers.of(&text("a")), [Some([0.375, 0.125, 0.25, 0.25]), Some([1.0, 0.0, 0.0, 0.0])]);
        assert_eq!(teachers.of(&text("b")), [None, None]);
        let said = Some([0.5, 0.0, 0.0, 0.5]);
        for (said, smoothing, expected) in
            [(None, 0.0, [0.0, 0.0, 1.0, 0.0]), (said, 0.04, [0.1325, 0.0075, 0.7275, 0.1325])]
        {
            let found = lesson(Stance::Engage, said, 0.25, smoothing);
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
        }
    }

    #[test]
    fn answers_that_cannot_be_placed_are_refused_with_their_line() {
        let good = line("a", "PER", "CHL", [1.0, 0.0, 0.0, 0.0]);
        for (bad, expected) in [
            (good.clone(), "line 2: PER toward CHL in a stands there a second time"),
            (line("a", "CHL", "PER", [0.9, 0.0, 0.0, 0.0]), "line 2: [0.9, 0.0, 0.0, 0.0] are no probabilities"),
            ("{}".to_owned(), "line 2: missing field `id`"),
        ] {
            let error = read(&[&[good.clone(), bad]]).expect_err("refused").to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(matches!(read(&[&[good.clone()], &[]]), Err(TeacherError::Empty(path)) if path.ends_with("1.jsonl")));
        let teachers = read(&[&[good]]).expect("answers");
        assert!(teachers.check([text("a"), text("b")].iter()).is_ok());
        assert!(matches!(teachers.check([text("a"), text("a")].iter()), Err(TeacherError::Ambiguous(id)) if id == "a"));
        assert!(matches!(teachers.check([text("b")].iter()), Err(TeacherError::Silent)));
        assert!(Teachers::default().check([text("a"), text("a")].iter()).is_ok());
    }
}
