//! Joins two unrelated texts into one, as articles put reports side by side.
//!
//! The labels of each text stay, and a polity of one has no stance toward a polity of the other: from this the model
//! learns that a stance in the next sentence is not everybody's (in the manner of mixed-sample augmentation).

use crate::document::{ByteSpan, Dyad, Mention, PolityId};
use crate::encode::ROLES;
use crate::gold::{GoldPair, GoldText};
use crate::stance::Stance;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a joined text at most: about what the token limit holds.
const LONGEST: usize = 900;
/// Pairs across the two texts that are asked about at most, so that they do not drown the labelled ones.
const ACROSS: usize = 5;
/// Partners that are tried.
const TRIES: usize = 8;

/// Share of the partners that are texts without a labelled pair, where there are any.
const SILENT: f64 = 0.3;

/// A text and how its pairs are learnt.
pub(super) struct Item {
    pub(super) text: GoldText,
    /// How much each of its pairs counts.
    pub(super) weight: f32,
    /// What teachers say of each.
    pub(super) said: Vec<Option<[f32; 4]>>,
}

/// How a pair is learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Learnt {
    /// How much it counts.
    pub(super) weight: f32,
    /// What teachers say of it.
    pub(super) said: Option<[f32; 4]>,
}

impl Item {
    /// How each pair is learnt, in order.
    pub(super) fn learnt(&self) -> impl Iterator<Item = Learnt> {
        self.said.iter().map(|said| Learnt { weight: self.weight, said: *said })
    }
}

/// Texts by polity.
pub(super) struct Mixer<'a> {
    items: &'a [Item],
    /// Indices of the texts without a labelled pair.
    silent: Vec<usize>,
    by_polity: BTreeMap<&'a PolityId, Vec<usize>>,
}

impl<'a> Mixer<'a> {
    pub(super) fn new(items: &'a [Item]) -> Self {
        let mut by_polity: BTreeMap<&PolityId, Vec<usize>> = BTreeMap::new();
        for (i, item) in items.iter().enumerate() {
            for polity in polities(&item.text) {
                by_polity.entry(polity).or_default().push(i);
            }
        }
        let silent = (0..items.len()).filter(|i| items[*i].text.pairs.is_empty()).collect();
        Self { items, silent, by_polity }
    }

    /// `item` with another before or behind it; `None` if no partner fits. Three in ten partners are texts without a
    /// labelled pair, if there are any; of the others every second shares a polity. Beside the joined text stands how each
    /// of its pairs is learnt: as in the text it comes from, across the two with the smaller weight.
    pub(super) fn join(&self, item: &Item, rng: &mut ChaCha8Rng) -> Option<(GoldText, Vec<Learnt>)> {
        let own: Vec<&PolityId> = polities(&item.text).into_iter().collect();
        for _ in 0..TRIES {
            let other = &self.items[self.partner(&own, rng)];
            let (first, second) = if rng.random_bool(0.5) { (item, other) } else { (other, item) };
            if let Some(joined) = join(first, second, rng) {
                return Some(joined);
            }
        }
        None
    }

    fn partner(&self, own: &[&PolityId], rng: &mut ChaCha8Rng) -> usize {
        if !self.silent.is_empty() && rng.random_bool(SILENT) {
            return self.silent[rng.random_range(0..self.silent.len())];
        }
        let pool = own.get(rng.random_range(0..own.len().max(1))).and_then(|p| self.by_polity.get(*p));
        match pool {
            Some(pool) if rng.random_bool(0.5) => pool[rng.random_range(0..pool.len())],
            _ => rng.random_range(0..self.items.len()),
        }
    }
}

fn polities(text: &GoldText) -> BTreeSet<&PolityId> {
    text.mentions.iter().map(|m| &m.polity).collect()
}

fn join(one: &Item, other: &Item, rng: &mut ChaCha8Rng) -> Option<(GoldText, Vec<Learnt>)> {
    let (first, second) = (&one.text, &other.text);
    let (here, there) = (polities(first), polities(second));
    let shared = here.intersection(&there).count();
    // With two polities in common, the texts could label the same dyad differently.
    if shared > 1 || here.len() + there.len() - shared > ROLES || first.text.len() + second.text.len() >= LONGEST {
        return None;
    }
    let text = format!("{} {}", first.text.trim_end(), second.text);
    let shift = text.len() - second.text.len();
    let moved = |m: &Mention| {
        let span = ByteSpan::new(&text, m.span.start() + shift, m.span.end() + shift)?;
        Some(Mention { span, polity: m.polity.clone() })
    };
    let later: Vec<Mention> = second.mentions.iter().map(moved).collect::<Option<_>>()?;
    let mentions = first.mentions.iter().cloned().chain(later).collect();
    let mut across: Vec<GoldPair> = here
        .difference(&there)
        .flat_map(|a| there.difference(&here).flat_map(move |b| [(*a, *b), (*b, *a)]))
        .map(|(actor, target)| Dyad { actor: actor.clone(), target: target.clone() })
        .map(|dyad| GoldPair { dyad, stance: Stance::None, sure: true })
        .collect();
    across.shuffle(rng);
    across.truncate(ACROSS);
    let apart = Learnt { weight: one.weight.min(other.weight), said: None };
    let learnt = one.learnt().chain(other.learnt()).chain(std::iter::repeat_n(apart, across.len())).collect();
    let pairs = first.pairs.iter().chain(&second.pairs).cloned().chain(across).collect();
    let id = format!("{}+{}", first.id, second.id);
    Some((GoldText { id, date: first.date, text, mentions, pairs }, learnt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn item(text: &GoldText, weight: f32) -> Item {
        let said = text.pairs.iter().map(|_| Some([0.25, weight / 10.0, 0.5, 0.0])).collect();
        Item { text: text.clone(), weight, said }
    }

    fn gold(id: &str, text: &str, names: [(&str, &str); 2], stance: Stance) -> GoldText {
        let mentions = names
            .iter()
            .map(|(surface, polity)| {
                let start = text.find(surface).expect("in text");
                let span = ByteSpan::new(text, start, start + surface.len()).expect("on boundaries");
                Mention { span, polity: (*polity).into() }
            })
            .collect();
        let dyad = Dyad { actor: names[0].1.into(), target: names[1].1.into() };
        let pairs = vec![GoldPair { dyad, stance, sure: true }];
        GoldText { id: id.into(), date: None, text: text.into(), mentions, pairs }
    }

    #[test]
    fn a_joined_text_keeps_its_labels_and_has_none_across() {
        let first = gold("a", "Peru condemned Chad.", [("Peru", "PER"), ("Chad", "TCD")], Stance::Condemn);
        let second = gold("b", "Côte d'Ivoire met Fiji.", [("Côte d'Ivoire", "CIV"), ("Fiji", "FJI")], Stance::Engage);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let items = [item(&first, 3.0), item(&second, 0.5)];
        let (joined, learnt) = join(&items[0], &items[1], &mut rng).expect("nothing in common");
        let own = items.iter().zip([3.0, 0.5]).map(|(item, weight)| Learnt { weight, said: item.said[0] });
        let across = std::iter::repeat_n(Learnt { weight: 0.5, said: None }, ACROSS);
        assert_eq!(learnt, own.chain(across).collect::<Vec<_>>());
        let surfaces: Vec<&str> = joined.mentions.iter().map(|m| m.span.of(&joined.text)).collect();
        assert_eq!(surfaces, ["Peru", "Chad", "Côte d'Ivoire", "Fiji"]);
        assert_eq!(joined.pairs[0], first.pairs[0]);
        assert_eq!(joined.pairs[1], second.pairs[0]);
        assert_eq!(joined.pairs.len(), 2 + ACROSS);
        for pair in &joined.pairs[2..] {
            assert_eq!(pair.stance, Stance::None);
            let side = |p: &PolityId| ["PER", "TCD"].contains(&p.0.as_str());
            assert_ne!(side(&pair.dyad.actor), side(&pair.dyad.target));
        }
    }

    #[test]
    fn a_text_that_says_nothing_changes_no_label() {
        let first = gold("a", "Peru condemned Chad.", [("Peru", "PER"), ("Chad", "TCD")], Stance::Condemn);
        let mut rain =
            gold("b", "Côte d'Ivoire met Fiji.", [("Côte d'Ivoire", "CIV"), ("Fiji", "FJI")], Stance::Engage);
        (rain.mentions, rain.pairs) = (Vec::new(), Vec::new());
        let items = [item(&first, 1.0), item(&rain, 1.0)];
        let mixer = Mixer::new(&items);
        let (joined, _) = mixer.join(&items[0], &mut ChaCha8Rng::seed_from_u64(1)).expect("nothing in common");
        assert_eq!(joined.pairs, first.pairs);
        assert!(joined.text.contains("Fiji") && joined.mentions.len() == 2);
    }

    #[test]
    fn texts_on_the_same_dyad_are_not_joined() {
        let first = gold("a", "Peru condemned Chad.", [("Peru", "PER"), ("Chad", "TCD")], Stance::Condemn);
        let second = gold("b", "Chad met Peru.", [("Chad", "TCD"), ("Peru", "PER")], Stance::Engage);
        assert_eq!(join(&item(&first, 1.0), &item(&second, 1.0), &mut ChaCha8Rng::seed_from_u64(1)), None);
    }
}
