//! From a passage with linked mentions to the input form: polities become numbered roles.
//!
//! `Moscow … condemned Israel … Russia's envoy` → `[P1] … condemned [P2] … [P1]'s envoy`. A country's name cannot reach
//! the model, so swapping countries cannot change a label. Training and prediction both build their examples here.
//! Knows no tokens (`encode`) and does not choose passages or dyads (`passage`).

use crate::document::{ByteSpan, Dyad, Mention, PolityId};
use crate::segment::sentence_start;

/// A stretch of an anonymised passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text between mentions, as it stands in the document.
    Text(&'a str),
    /// A mention of the polity in this slot of [`Example::polities`].
    Role(usize),
}

/// An anonymised passage and the directed dyads to classify in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example<'a> {
    /// The passage from left to right.
    pub pieces: Vec<Piece<'a>>,
    /// The polities by order of first appearance; a slot is an index into this list.
    pub polities: Vec<PolityId>,
    /// `(actor slot, target slot)`.
    pub dyads: Vec<(usize, usize)>,
}

impl<'a> Example<'a> {
    /// Anonymises `span` of `text`. Only mentions that lie wholly inside the span become roles; `mentions` must be
    /// sorted and must not overlap. `roles` limits which polities become roles: the rest keep their names. The example
    /// starts without dyads.
    pub fn new(text: &'a str, span: ByteSpan, mentions: &[Mention], roles: impl Fn(&PolityId) -> bool) -> Self {
        let mut example = Self { pieces: Vec::new(), polities: Vec::new(), dyads: Vec::new() };
        example.append(text, span, mentions, roles);
        example
    }

    fn append(&mut self, text: &'a str, span: ByteSpan, mentions: &[Mention], roles: impl Fn(&PolityId) -> bool) {
        let Self { pieces, polities, .. } = self;
        let mut at = span.start();
        for mention in mentions.iter().filter(|m| span.contains(m.span) && roles(&m.polity)) {
            if at < mention.span.start() {
                pieces.push(Piece::Text(&text[at..mention.span.start()]));
            }
            let slot = polities.iter().position(|p| *p == mention.polity).unwrap_or_else(|| {
                polities.push(mention.polity.clone());
                polities.len() - 1
            });
            pieces.push(Piece::Role(slot));
            at = mention.span.end();
        }
        if at < span.end() {
            pieces.push(Piece::Text(&text[at..span.end()]));
        }
    }

    /// Examples over `spans`, one after another, that together hold every dyad of `dyads` whose two polities stand there, each with the indices of
    /// the dyads that it holds, in its dyad order. One example as long as the passage names at most `limit` polities;
    /// beyond that each example numbers only the polities of its own dyads and the others keep their names.
    pub fn covering(
        text: &'a str,
        spans: &[ByteSpan],
        mentions: &[Mention],
        dyads: &[Dyad],
        limit: usize,
    ) -> Vec<(Self, Vec<usize>)> {
        let joined = |roles: &dyn Fn(&PolityId) -> bool| {
            let mut example = Self { pieces: Vec::new(), polities: Vec::new(), dyads: Vec::new() };
            for (i, span) in spans.iter().enumerate() {
                if i > 0 {
                    example.pieces.push(Piece::Text(" "));
                }
                example.append(text, *span, mentions, roles);
            }
            example
        };
        let whole = joined(&|_| true);
        let present: Vec<usize> = (0..dyads.len())
            .filter(|i| whole.slot(&dyads[*i].actor).is_some() && whole.slot(&dyads[*i].target).is_some())
            .collect();
        let groups = if whole.polities.len() <= limit {
            vec![(present, whole.polities.clone())]
        } else {
            group(dyads, &present, limit)
        };
        groups
            .into_iter()
            .filter(|(members, _)| !members.is_empty())
            .map(|(members, polities)| {
                let mut example = joined(&|p| polities.contains(p));
                let slot = |p| example.slot(p).expect("the dyad's polities are roles of this example");
                let slots = members.iter().map(|i| (slot(&dyads[*i].actor), slot(&dyads[*i].target))).collect();
                example.dyads = slots;
                (example, members)
            })
            .collect()
    }

    /// The example from the first sentence on that names a polity of this dyad, by its index.
    #[must_use]
    pub fn from_dyad(&self, dyad: usize) -> Self {
        let (actor, target) = self.dyads[dyad];
        // A word stands for each polity, so that sentences end where they do in the text; a letter would be an initial.
        let text = |piece: &Piece<'a>| match piece {
            Piece::Text(text) => *text,
            Piece::Role(_) => "Polity",
        };
        let whole: String = self.pieces.iter().map(text).collect();
        let named =
            self.pieces.iter().position(|piece| matches!(piece, Piece::Role(slot) if [actor, target].contains(slot)));
        let named: usize = self.pieces[..named.unwrap_or(0)].iter().map(|piece| text(piece).len()).sum();
        let start = sentence_start(&whole, named);
        let mut at = 0;
        let mut pieces = Vec::new();
        for piece in &self.pieces {
            let length = text(piece).len();
            let skipped = start.saturating_sub(at).min(length);
            match piece {
                _ if skipped == length => {}
                Piece::Text(text) => pieces.push(Piece::Text(&text[skipped..])),
                Piece::Role(slot) => pieces.push(Piece::Role(*slot)),
            }
            at += length;
        }
        Self { pieces, polities: self.polities.clone(), dyads: self.dyads.clone() }
    }

    /// Slot of a polity, if it is a role here.
    pub fn slot(&self, polity: &PolityId) -> Option<usize> {
        self.polities.iter().position(|p| p == polity)
    }

    /// The passage as people read it: `[P1] condemned [P2]`.
    pub fn marked(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => (*text).to_owned(),
                Piece::Role(slot) => format!("[P{}]", slot + 1),
            })
            .collect()
    }
}

/// Puts dyads into groups of at most `limit` polities each, first fit in dyad order.
fn group(dyads: &[Dyad], members: &[usize], limit: usize) -> Vec<(Vec<usize>, Vec<PolityId>)> {
    let mut groups: Vec<(Vec<usize>, Vec<PolityId>)> = Vec::new();
    for i in members {
        let pair = [&dyads[*i].actor, &dyads[*i].target];
        let extra = |polities: &[PolityId]| pair.iter().filter(|p| !polities.contains(p)).count();
        let at = groups.iter().position(|(_, polities)| polities.len() + extra(polities) <= limit);
        let at = at.unwrap_or_else(|| {
            groups.push((Vec::new(), Vec::new()));
            groups.len() - 1
        });
        groups[at].0.push(*i);
        for polity in pair {
            if !groups[at].1.contains(polity) {
                groups[at].1.push(polity.clone());
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mention(text: &str, surface: &str, polity: &str) -> Mention {
        let start = text.find(surface).expect("surface in text");
        let span = ByteSpan::new(text, start, start + surface.len()).expect("on boundaries");
        Mention { span, polity: polity.into() }
    }

    #[test]
    fn names_of_one_polity_share_one_number_by_first_appearance() {
        let text = "Moscow condemned Israel; Russia's envoy left.";
        let mentions = [mention(text, "Moscow", "RUS"), mention(text, "Israel", "ISR"), mention(text, "Russia", "RUS")];
        let span = ByteSpan::new(text, 0, text.len()).expect("whole");
        let example = Example::new(text, span, &mentions, |_| true);
        assert_eq!(example.marked(), "[P1] condemned [P2]; [P1]'s envoy left.");
        assert_eq!(example.slot(&"ISR".into()), Some(1));
    }

    #[test]
    fn swapping_countries_gives_the_same_input() {
        let form = |text: &str, a: &str, b: &str| {
            let mentions = [mention(text, a, "AAA"), mention(text, b, "BBB")];
            let span = ByteSpan::new(text, 0, text.len()).expect("whole");
            Example::new(text, span, &mentions, |_| true).marked()
        };
        assert_eq!(form("Peru met Chad.", "Peru", "Chad"), form("Côte d'Ivoire met Fiji.", "Côte d'Ivoire", "Fiji"));
    }

    #[test]
    fn from_a_dyad_on_sentences_before_the_first_that_names_its_polities_are_left_out() {
        let text = "It rained. Iran slept. The U.S. dollar fell in Peru. It rained. Chad met Peru. Iran left.";
        let mentions = [
            mention(text, "Iran", "IRN"),
            mention(text, "Peru", "PER"),
            mention(text, "Chad", "TCD"),
            Mention { span: ByteSpan::new(text, 73, 77).expect("Peru"), polity: "PER".into() },
            Mention { span: ByteSpan::new(text, 79, 83).expect("Iran"), polity: "IRN".into() },
        ];
        let span = ByteSpan::new(text, 0, text.len()).expect("whole");
        let mut example = Example::new(text, span, &mentions, |_| true);
        example.dyads = vec![(1, 2), (2, 0), (0, 1)];
        let from = |dyad: usize| example.from_dyad(dyad).marked();
        assert_eq!(from(0), "The U.S. dollar fell in [P2]. It rained. [P3] met [P2]. [P1] left.");
        let whole = "[P1] slept. The U.S. dollar fell in [P2]. It rained. [P3] met [P2]. [P1] left.";
        assert_eq!([from(1), from(2)], [whole, whole]);
    }

    #[test]
    fn mentions_outside_the_span_and_unselected_polities_stay_text() {
        let text = "Iran spoke. Peru met Chad.";
        let mentions = [mention(text, "Iran", "IRN"), mention(text, "Peru", "PER"), mention(text, "Chad", "TCD")];
        let span = ByteSpan::new(text, 12, text.len()).expect("second sentence");
        let example = Example::new(text, span, &mentions, |p| p.0 != "TCD");
        assert_eq!(example.marked(), "[P1] met Chad.");
    }
    #[test]
    fn a_list_of_more_polities_than_roles_is_covered_by_several_examples() {
        let names: Vec<String> = (0..9).map(|i| format!("Land{i}")).collect();
        let text = names.join(", ");
        let mentions: Vec<_> = names.iter().map(|n| mention(&text, n, n)).collect();
        let dyads: Vec<_> =
            names[1..].iter().map(|n| Dyad { actor: n.as_str().into(), target: names[0].as_str().into() }).collect();
        let span = ByteSpan::new(&text, 0, text.len()).expect("whole");
        let examples = Example::covering(&text, &[span], &mentions, &dyads, 4);
        let mut covered: Vec<usize> = examples.iter().flat_map(|(_, members)| members.clone()).collect();
        covered.sort_unstable();
        assert_eq!(covered, (0..8).collect::<Vec<_>>());
        assert!(examples.iter().all(|(e, _)| e.polities.len() <= 4));
        assert_eq!(Example::covering(&text, &[span], &mentions, &dyads, 9).len(), 1);
    }
}
