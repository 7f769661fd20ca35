//! What a refit is judged on: texts that it did not see, and that are not nearly the same as one that it saw.

use crate::gold::GoldText;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Labelled texts, parted.
pub struct Split {
    /// To learn from.
    pub learn: Vec<GoldText>,
    /// To judge on.
    pub judge: Vec<GoldText>,
    /// Kept back, but nearly the same as a text to learn from: used for neither.
    pub alike: usize,
}

/// Words in a row that are compared.
const RUN: usize = 3;
/// Share of common runs (Jaccard) from which two texts are nearly the same.
const ALIKE: f64 = 0.5;

/// Keeps a share of each set's texts back by a hash of the document that they come from, the same in every run: the passages
/// of one document stay together. Of those kept back, near-duplicates of a text to learn from, in any set, are dropped
/// (Broder 1997, resemblance of shingles).
pub fn split<const N: usize>(sets: [Vec<GoldText>; N], share: f64) -> [Split; N] {
    let parted =
        sets.map(|texts| texts.into_iter().partition::<Vec<GoldText>, _>(|text| drawn(document(&text.id), share)));
    let seen: Vec<BTreeSet<String>> =
        parted.iter().flat_map(|(_, learn)| learn).map(|text| shingles(&text.text)).collect();
    let near = |text: &GoldText| {
        let own = shingles(&text.text);
        seen.iter().any(|other| resemblance(&own, other) >= ALIKE)
    };
    parted.map(|(kept, learn)| {
        let before = kept.len();
        let judge: Vec<GoldText> = kept.into_iter().filter(|text| !near(text)).collect();
        Split { alike: before - judge.len(), learn, judge }
    })
}

/// The third sentence of `news/a` is `news/a#3`.
fn document(id: &str) -> &str {
    id.rsplit_once('#').map_or(id, |(document, _)| document)
}

fn drawn(id: &str, share: f64) -> bool {
    let digest = Sha256::digest(id.as_bytes());
    let draw = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    f64::from(draw) < share * f64::from(u32::MAX)
}

fn shingles(text: &str) -> BTreeSet<String> {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    words.windows(RUN.min(words.len().max(1))).map(|run| run.join(" ")).collect()
}

fn resemblance(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
    let common = a.intersection(b).count();
    let all = a.len() + b.len() - common;
    if all == 0 { 1.0 } else { common as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: &str, text: &str) -> GoldText {
        GoldText { id: id.into(), date: None, text: text.into(), mentions: vec![], pairs: vec![] }
    }

    #[test]
    fn passages_of_one_document_stay_together() {
        let passage = |d: usize, i: usize| text(&format!("d{d}#{i}"), &format!("a{d}{i} b{d}{i} c{d}{i} d{d}{i}"));
        let texts = (0..400).flat_map(|d| (0..3).map(move |i| passage(d, i)));
        let [parted] = split([texts.collect()], 0.3);
        let documents = |texts: &[GoldText]| texts.iter().map(|t| document(&t.id).to_owned()).collect::<BTreeSet<_>>();
        assert!(documents(&parted.learn).is_disjoint(&documents(&parted.judge)));
        assert_eq!(parted.learn.len() + parted.judge.len() + parted.alike, 1200);
        assert!((270..450).contains(&parted.judge.len()), "{} of 1200", parted.judge.len());
    }

    #[test]
    fn a_wire_copy_with_another_dateline_is_no_test() {
        let story = "Peru recognised Kosovo as an independent state on Friday after a long debate in parliament";
        let texts: Vec<GoldText> = (0..40).map(|i| text(&format!("t{i}"), &format!("{story}, agency {i}"))).collect();
        let [parted] = split([texts.clone()], 0.3);
        assert!(parted.judge.is_empty() && parted.alike > 0);
        let copies = texts.into_iter().map(|t| GoldText { id: format!("copy of {}", t.id), ..t }).collect();
        let other: Vec<GoldText> = (0..40).map(|i| text(&format!("o{i}"), &format!("a{i} b{i} c{i} d{i}"))).collect();
        let [_, second] = split([copies, [other, vec![text("t1", story)]].concat()], 0.9);
        assert!(second.judge.iter().all(|t| t.text != story), "nor is a copy in the other set");
    }
}
