//! Gold texts as training examples: labels, weights, shuffling, batches of similar length.

use super::mix::{Item, Mixer};
use super::teachers::{TeacherError, Teachers};
use crate::encode::{EncodeError, EncodedExample, Encoder, ROLES};
use crate::gold::GoldText;
use crate::predict;
use crate::stance::Stance;
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// Texts of one file and how much they count.
pub struct Source {
    /// Labelled texts.
    pub texts: Vec<GoldText>,
    /// Factor on the loss of every pair.
    pub weight: f32,
}

/// All training texts with their label weights.
pub struct TrainSet {
    items: Vec<Item>,
    unsure_weight: f32,
}

/// What a dyad of an example teaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Label {
    pub stance: Stance,
    /// What teachers say.
    pub said: Option<[f32; 4]>,
    pub weight: f32,
}

/// What a text is asked in one update: all its dyads together, and some of them alone.
type Asked = Vec<(EncodedExample, Vec<Label>)>;

/// A mini-batch: examples, and the label of each of their dyads in order.
pub(super) struct LabelledBatch {
    pub examples: Vec<EncodedExample>,
    pub labels: Vec<Label>,
}

impl LabelledBatch {
    /// The same examples by length, in parts of at most `tokens` tokens with padding; one that is longer goes alone.
    pub(super) fn parts(&self, tokens: usize) -> Vec<Self> {
        let mut labels = self.labels.as_slice();
        let mut asked: Asked = Vec::with_capacity(self.examples.len());
        for example in &self.examples {
            let (own, rest) = labels.split_at(example.dyads.len());
            asked.push((example.clone(), own.to_vec()));
            labels = rest;
        }
        asked.sort_by_key(|(example, _)| example.ids.len());
        let mut parts: Vec<Self> = Vec::new();
        for (example, own) in asked {
            match parts.last_mut() {
                // Sorted, so that each is as wide as the part.
                Some(part) if (part.examples.len() + 1) * example.ids.len() <= tokens => {
                    part.examples.push(example);
                    part.labels.extend(own);
                }
                _ => parts.push(Self { examples: vec![example], labels: own }),
            }
        }
        parts
    }
}

/// Batches are cut from windows of this many batches' worth of shuffled texts, sorted by length: little padding, yet
/// every epoch mixes anew.
const WINDOW: usize = 40;

impl TrainSet {
    /// Gathers the texts; pairs marked unsure count `unsure_weight` as much. A text without a labelled pair teaches nothing
    /// by itself: it is a partner that others are joined with.
    pub fn new(sources: Vec<Source>, unsure_weight: f32) -> Self {
        let item = |text: GoldText, weight| Item { said: vec![None; text.pairs.len()], text, weight };
        let items = sources
            .into_iter()
            .flat_map(|source| source.texts.into_iter().map(move |text| item(text, source.weight)))
            .collect();
        Self { items, unsure_weight }
    }

    /// The same, with what teachers say of its pairs.
    ///
    /// # Errors
    /// If they speak of none of its pairs, or of an id that two of its texts have.
    pub fn taught_by(mut self, teachers: &Teachers) -> Result<Self, TeacherError> {
        teachers.check(self.items.iter().map(|item| &item.text))?;
        for item in &mut self.items {
            item.said = teachers.of(&item.text);
        }
        Ok(self)
    }

    /// Pairs of which teachers speak.
    pub fn taught_pairs(&self) -> usize {
        self.items.iter().flat_map(|item| &item.said).filter(|said| said.is_some()).count()
    }

    /// Number of texts with a labelled pair.
    pub fn len(&self) -> usize {
        self.items.iter().filter(|item| !item.text.pairs.is_empty()).count()
    }

    /// Whether there is nothing to learn from.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Pairs of each label, in the order of [`Stance::ALL`].
    pub fn label_counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for pair in self.items.iter().flat_map(|item| &item.text.pairs) {
            counts[pair.stance.index()] += 1;
        }
        counts
    }

    /// Digest of ids, texts and labels, for recognising a checkpoint.
    pub(super) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for Item { text, weight, said } in &self.items {
            hash.update(text.id.as_bytes());
            hash.update(text.text.as_bytes());
            hash.update(weight.to_le_bytes());
            for mention in &text.mentions {
                hash.update(format!("{:?}{};", mention.span, mention.polity));
            }
            for pair in &text.pairs {
                hash.update(format!("{}>{};", pair.dyad.actor, pair.dyad.target));
                hash.update([pair.stance.index() as u8, u8::from(pair.sure)]);
            }
            if said.iter().any(Option::is_some) {
                hash.update(format!("{said:?}"));
            }
        }
        crate::model::folder::sha256(&hash.finalize())
    }

    /// One epoch of batches of `size` texts: shuffled by `rng`, roles renumbered by `rng`, a share `mix` of the texts
    /// joined with another, `pairs` of each text asked about alone besides.
    pub(super) fn epoch(
        &self,
        encoder: &Encoder,
        size: usize,
        mix: f64,
        pairs: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<LabelledBatch>, EncodeError> {
        let mixer = Mixer::new(&self.items);
        let mut texts: Vec<Asked> = Vec::with_capacity(self.items.len());
        for item in self.items.iter().filter(|item| !item.text.pairs.is_empty()) {
            let joined = if rng.random_bool(mix) { mixer.join(item, rng) } else { None };
            let (text, learnt) = joined.unwrap_or_else(|| (item.text.clone(), item.learnt().collect()));
            let silence = silence(&text);
            let labels: Vec<Label> = text
                .pairs
                .iter()
                .zip(learnt)
                .map(|(pair, learnt)| {
                    let sure = if pair.sure { 1.0 } else { self.unsure_weight };
                    let share = if pair.stance == Stance::None { silence } else { 1.0 };
                    Label { stance: pair.stance, said: learnt.said, weight: learnt.weight * sure * share }
                })
                .collect();
            let drawn = alone(&labels, pairs, rng);
            let mut asked = Asked::new();
            for (example, members) in predict::examples(&text) {
                let numbering = renumber(example.polities.len(), rng);
                let own = members.iter().map(|i| labels[*i]).collect();
                asked.push((encoder.encode_numbered(&example, &numbering)?, own));
                for (dyad, member) in members.iter().enumerate() {
                    if let Some((_, weight)) = drawn.iter().find(|(pair, _)| pair == member) {
                        let label = Label { weight: *weight, ..labels[*member] };
                        asked.push((encoder.encode_alone(&example, dyad)?, vec![label]));
                    }
                }
            }
            texts.push(asked);
        }
        texts.shuffle(rng);
        let mut batches = Vec::new();
        for window in texts.chunks_mut(size * WINDOW) {
            window.sort_by_key(|asked| asked.iter().map(|(example, _)| example.ids.len()).max());
            for chunk in window.chunks(size) {
                let (examples, labels): (Vec<_>, Vec<_>) = chunk.iter().flatten().cloned().unzip();
                batches.push(LabelledBatch { examples, labels: labels.into_iter().flatten().collect() });
            }
        }
        batches.shuffle(rng);
        Ok(batches)
    }
}

/// Pairs with a stance that are asked about alone in one text, at most.
const STANCES_ALONE: usize = 3;

/// Which of a text's pairs are asked about alone, `count` at most, and their weights: some with a stance, the rest without,
/// those that are drawn with the weight of all of their kind. One without is always among them if there is one: asked alone
/// only about stances, a model finds stances everywhere.
fn alone(labels: &[Label], count: usize, rng: &mut ChaCha8Rng) -> Vec<(usize, f32)> {
    let (silent, spoken): (Vec<_>, Vec<_>) = (0..labels.len()).partition(|i| labels[*i].stance == Stance::None);
    let mut drawn: Vec<(usize, f32)> = Vec::new();
    let spoken_most = STANCES_ALONE.min(if silent.is_empty() { count } else { count.saturating_sub(1) });
    for (kind, most) in [(spoken, spoken_most), (silent, count)] {
        let some: Vec<usize> = kind.choose_multiple(rng, most.min(count - drawn.len())).copied().collect();
        let share = kind.len() as f32 / some.len().max(1) as f32;
        drawn.extend(some.into_iter().map(|i| (i, labels[i].weight * share)));
    }
    drawn
}

/// Pairs without a stance that count fully in one text.
const SILENT_PAIRS: usize = 6;

/// Weight of a text's pairs without a stance: beyond [`SILENT_PAIRS`] they share the weight of these. Seven polities make
/// 42 pairs, nearly all `none`; counted fully, round-ups teach that nobody in a round-up takes a stance.
fn silence(text: &GoldText) -> f32 {
    let silent = text.pairs.iter().filter(|p| p.stance == Stance::None).count();
    SILENT_PAIRS as f32 / silent.max(SILENT_PAIRS) as f32
}

/// Distinct role numbers for `n` polities. Mostly low ones, as prediction gives them by order of appearance, but every
/// role is met.
fn renumber(n: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let highest = if rng.random_bool(0.2) { ROLES } else { n.max(6).min(ROLES) };
    let mut numbers: Vec<usize> = (0..highest).collect();
    numbers.shuffle(rng);
    numbers.truncate(n);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn label(stance: Stance, weight: f32) -> Label {
        Label { stance, said: None, weight }
    }

    #[test]
    fn role_numbers_are_distinct_and_all_are_met() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut met = [false; ROLES];
        for _ in 0..500 {
            let mut numbers = renumber(5, &mut rng);
            for n in &numbers {
                met[*n] = true;
            }
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), 5);
        }
        assert!(met.iter().all(|m| *m));
    }

    #[test]
    fn parts_of_a_batch_hold_every_example_with_its_labels_within_the_budget() {
        let example = |length: usize, dyads: usize| EncodedExample {
            ids: vec![length as u32; length],
            roles: vec![vec![0], vec![1]],
            dyads: vec![(0, 1); dyads],
            cut: 0,
        };
        let examples = vec![example(9, 1), example(4, 2), example(30, 1), example(4, 1), example(8, 3)];
        let mark = |e: &EncodedExample| vec![label(Stance::None, e.ids.len() as f32); e.dyads.len()];
        let batch = LabelledBatch { labels: examples.iter().flat_map(mark).collect(), examples };
        let parts = batch.parts(20);
        let lengths: Vec<Vec<usize>> =
            parts.iter().map(|part| part.examples.iter().map(|e| e.ids.len()).collect()).collect();
        assert_eq!(lengths, [vec![4, 4], vec![8, 9], vec![30]]);
        assert!(parts.iter().all(|p| p.labels == p.examples.iter().flat_map(mark).collect::<Vec<_>>()));
    }

    #[test]
    fn pairs_that_are_asked_about_alone_have_the_weight_of_all_of_their_kind() {
        let labels: Vec<_> = (0..10).map(|i| label(if i < 5 { Stance::Engage } else { Stance::None }, 0.6)).collect();
        for (count, found) in [(2, (1, 1)), (3, (2, 1)), (4, (3, 1)), (6, (3, 3))] {
            let drawn = alone(&labels, count, &mut ChaCha8Rng::seed_from_u64(1));
            let (spoken, silent): (Vec<_>, Vec<_>) = drawn.into_iter().partition(|(i, _)| *i < 5);
            assert_eq!((spoken.len(), silent.len()), found, "of {count}");
            for kind in [spoken, silent] {
                assert!((kind.iter().map(|(_, weight)| weight).sum::<f32>() - 3.0).abs() < 1e-5);
            }
        }
        assert_eq!(alone(&labels[..5], 2, &mut ChaCha8Rng::seed_from_u64(1)).len(), 2);
        assert!(alone(&labels, 0, &mut ChaCha8Rng::seed_from_u64(1)).is_empty());
        assert_eq!(alone(&labels[6..8], 4, &mut ChaCha8Rng::seed_from_u64(1)).len(), 2);
    }

    #[test]
    fn the_silent_pairs_of_a_round_up_share_the_weight_of_six() {
        let text = |silent: usize| {
            let dyad = crate::document::Dyad { actor: "PER".into(), target: "CHL".into() };
            let pair = |stance| crate::gold::GoldPair { dyad: dyad.clone(), stance, sure: true };
            let pairs = (0..silent).map(|_| pair(Stance::None)).chain([pair(Stance::Condemn)]).collect();
            GoldText { id: "a".into(), date: None, text: String::new(), mentions: vec![], pairs }
        };
        assert!((silence(&text(41)) * 41.0 - 6.0).abs() < 1e-5);
        assert!((silence(&text(3)) - 1.0).abs() < 1e-6);
    }
}
