//! What is kept back from training: to judge an adaptation on, or to calibrate with.
//!
//! Kept back is drawn by a hash of the document, the same in every run, so that passages of one document stay together;
//! and a text that is nearly the same as one that was learned is no test.

use crate::gold::GoldText;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

/// Texts of one set, parted.
pub struct Split<T> {
    /// To learn from.
    pub learn: Vec<T>,
    /// To judge on.
    pub judge: Vec<T>,
    /// Kept back, but nearly the same as a text to learn from: used for neither.
    pub alike: usize,
}

/// Words in a row that are compared.
const RUN: usize = 3;
/// Share of common runs (Jaccard) from which two texts are nearly the same.
const ALIKE: f64 = 0.5;

/// Keeps a share of each set's texts back ([`drawn`]). Of these, near-duplicates of a text to learn from, in any set, are
/// dropped (Broder 1997, resemblance of shingles). `text` is what an item holds.
pub fn split<T, const N: usize>(sets: [Vec<T>; N], share: f64, text: impl Fn(&T) -> &GoldText) -> [Split<T>; N] {
    let parted = sets.map(|items| items.into_iter().partition::<Vec<T>, _>(|item| drawn(&text(item).id, share)));
    let seen = Seen::of(parted.iter().flat_map(|(_, learn)| learn).map(|item| text(item).text.as_str()));
    parted.map(|(kept, learn)| {
        let before = kept.len();
        let judge: Vec<T> = kept.into_iter().filter(|item| !seen.holds_alike(&text(item).text)).collect();
        Split { alike: before - judge.len(), learn, judge }
    })
}

/// Whether the text of this id is among the share that is kept back.
pub fn drawn(id: &str, share: f64) -> bool {
    let digest = Sha256::digest(document(id).as_bytes());
    let draw = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    f64::from(draw) < share * f64::from(u32::MAX)
}

/// The document of a text: the third passage of `news/a` is `news/a#3`. A number sign alone makes no passage.
pub fn document(id: &str) -> &str {
    let numbered = |(document, passage): &(&str, &str)| {
        !document.is_empty() && passage.starts_with(|first: char| first.is_ascii_digit())
    };
    id.rsplit_once('#').filter(numbered).map_or(id, |(document, _)| document)
}

fn shingles(text: &str) -> BTreeSet<String> {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    words.windows(RUN.min(words.len().max(1))).map(|run| run.join(" ")).collect()
}

/// Texts by the runs of words in them, so that only texts with a run in common are compared.
#[derive(Default)]
struct Seen {
    /// Distinct runs of each text.
    sizes: Vec<usize>,
    holders: HashMap<String, Vec<usize>>,
}

impl Seen {
    fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut seen = Self::default();
        for (i, text) in texts.into_iter().enumerate() {
            let runs = shingles(text);
            seen.sizes.push(runs.len());
            for run in runs {
                seen.holders.entry(run).or_default().push(i);
            }
        }
        seen
    }

    /// Whether a text's runs are nearly those of one of these.
    fn holds_alike(&self, text: &str) -> bool {
        let runs = shingles(text);
        let mut common: HashMap<usize, usize> = HashMap::new();
        for holder in runs.iter().filter_map(|run| self.holders.get(run)).flatten() {
            *common.entry(*holder).or_default() += 1;
        }
        common.into_iter().any(|(i, common)| common as f64 >= ALIKE * (runs.len() + self.sizes[i] - common) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(id: &str, text: &str) -> GoldText {
        GoldText { id: id.into(), date: None, text: text.into(), mentions: vec![], pairs: vec![] }
    }

    #[test]
    fn passages_of_one_document_stay_together() {
        let passage = |d: usize, i: usize| text(&format!("d{d}#{i}"), &format!("a{d}{i} b{d}{i} c{d}{i} d{d}{i}"));
        let texts = (0..400).flat_map(|d| (0..3).map(move |i| passage(d, i)));
        let [parted] = split([texts.collect()], 0.3, |t| t);
        let documents = |texts: &[GoldText]| texts.iter().map(|t| document(&t.id).to_owned()).collect::<BTreeSet<_>>();
        assert!(documents(&parted.learn).is_disjoint(&documents(&parted.judge)));
        assert_eq!(parted.learn.len() + parted.judge.len() + parted.alike, 1200);
        assert!((270..450).contains(&parted.judge.len()), "{} of 1200", parted.judge.len());
    }

    #[test]
    fn a_wire_copy_with_another_dateline_is_no_test() {
        let story = "Peru recognised Kosovo as an independent state on Friday after a long debate in parliament";
        let texts: Vec<GoldText> = (0..40).map(|i| text(&format!("t{i}"), &format!("{story}, agency {i}"))).collect();
        let [parted] = split([texts.clone()], 0.3, |t| t);
        assert!(parted.judge.is_empty() && parted.alike > 0);
        let copies = texts.into_iter().map(|t| GoldText { id: format!("copy of {}", t.id), ..t }).collect();
        let other: Vec<GoldText> = (0..40).map(|i| text(&format!("o{i}"), &format!("a{i} b{i} c{i} d{i}"))).collect();
        let [_, second] = split([copies, [other, vec![text("t1", story)]].concat()], 0.9, |t| t);
        assert!(second.judge.iter().all(|t| t.text != story), "nor is a copy in the other set");
    }

    #[test]
    fn about_the_asked_share_is_drawn_and_always_the_same_texts() {
        let count = (0..2000).filter(|i| drawn(&format!("t{i}"), 0.1)).count();
        assert!((150..250).contains(&count), "{count} of 2000");
        assert!(!drawn("t7", 0.0) && drawn("t7", 1.0));
        assert_eq!(drawn("a#1", 0.5), drawn("a#2", 0.5));
    }

    #[test]
    fn a_passage_is_numbered_within_its_document() {
        assert_eq!(["news/a#3", "a#03t", "a#b#2"].map(document), ["news/a", "a", "a#b"]);
        assert_eq!(["a", "#7", "page#top", "a#"].map(document), ["a", "#7", "page#top", "a#"]);
    }

    proptest! {
        #[test]
        fn the_index_finds_what_comparing_all_texts_would(
            texts in prop::collection::vec("[ab]( [abc]){0,9}", 1..8), asked in "[ab]( [abc]){0,9}",
        ) {
            let resemblance = |other: &String| {
                let (a, b) = (shingles(&asked), shingles(other));
                a.intersection(&b).count() as f64 / a.union(&b).count() as f64
            };
            let seen = Seen::of(texts.iter().map(String::as_str));
            prop_assert_eq!(seen.holds_alike(&asked), texts.iter().any(|t| resemblance(t) >= ALIKE));
        }
    }
}
