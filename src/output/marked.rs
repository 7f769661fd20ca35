//! The text that proves a stance, with the actor as `[[Russia]]` and the target as `{{Taliban}}`.

use crate::document::{ByteSpan, Dyad, Mention};
use std::borrow::Cow;

/// What a piece of marked text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Neither.
    Text,
    /// Names the actor.
    Actor,
    /// Names the target.
    Target,
}

impl Role {
    /// What stands before and after the piece.
    pub const fn brackets(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("", ""),
            Self::Actor => ("[[", "]]"),
            Self::Target => ("{{", "}}"),
        }
    }
}

/// The pieces of `span`, in order: concatenated they are its text.
pub fn pieces<'a>(text: &'a str, span: ByteSpan, mentions: &[Mention], dyad: &Dyad) -> Vec<(Role, &'a str)> {
    let mut pieces = Vec::new();
    let mut at = span.start();
    for mention in mentions.iter().filter(|m| span.contains(m.span)) {
        let role = if mention.polity == dyad.actor {
            Role::Actor
        } else if mention.polity == dyad.target {
            Role::Target
        } else {
            continue;
        };
        pieces.push((Role::Text, &text[at..mention.span.start()]));
        pieces.push((role, mention.span.of(text)));
        at = mention.span.end();
    }
    pieces.push((Role::Text, &text[at..span.end()]));
    pieces.retain(|(_, piece)| !piece.is_empty());
    pieces
}

/// Bytes of a sentence that is marked whole: far more than prose has, far less than a spreadsheet's cell holds (Excel's:
/// 32,767 characters; it cuts the rest).
const LONGEST: usize = 4_000;
/// Bytes of text that stay around a name in a longer one.
const AROUND: usize = 400;

/// The text of `span` on one line, with brackets. Of a list or table without full stops only what is around the actor and
/// the target where they stand closest, with `…` for the rest.
pub fn marked(text: &str, span: ByteSpan, mentions: &[Mention], dyad: &Dyad) -> String {
    let bracketed = |(role, piece): (Role, &str)| {
        let (open, close) = role.brackets();
        format!("{open}{piece}{close}")
    };
    let pieces = pieces(text, span, mentions, dyad);
    let whole: String = if span.of(text).len() <= LONGEST {
        pieces.into_iter().map(bracketed).collect()
    } else {
        closest(&pieces).iter().map(|(role, piece)| bracketed((*role, &shortened(piece)))).collect()
    };
    whole.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// From the text before one of the two names to that behind the other, where the two stand closest; around the first name
/// if only one is there.
fn closest<'a, 'b>(pieces: &'b [(Role, &'a str)]) -> &'b [(Role, &'a str)] {
    let names: Vec<usize> = (0..pieces.len()).filter(|i| pieces[*i].0 != Role::Text).collect();
    let between = |pair: &&[usize]| pieces[pair[0]..pair[1]].iter().map(|(_, piece)| piece.len()).sum::<usize>();
    let apart = names.windows(2).filter(|pair| pieces[pair[0]].0 != pieces[pair[1]].0).min_by_key(between);
    let (first, last) = match (apart, names.first()) {
        (Some(pair), _) => (pair[0], pair[1]),
        (None, Some(name)) => (*name, *name),
        (None, None) => (0, 0),
    };
    &pieces[first.saturating_sub(1)..pieces.len().min(last + 2)]
}

/// A long text between or around names: its two ends.
fn shortened(piece: &str) -> Cow<'_, str> {
    if piece.len() <= 2 * AROUND {
        return piece.into();
    }
    let floor = |at: usize| (0..=at).rev().find(|i| piece.is_char_boundary(*i)).unwrap_or(0);
    let (head, tail) = (floor(AROUND), floor(piece.len() - AROUND));
    format!("{}…{}", &piece[..head], &piece[tail..]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_marks_actor_and_target_on_one_line() {
        let text = "Peru\nmet Chile.";
        let span = |a, b| ByteSpan::new(text, a, b).expect("in range");
        let mentions =
            [Mention { span: span(0, 4), polity: "PER".into() }, Mention { span: span(9, 14), polity: "CHL".into() }];
        let dyad = Dyad { actor: "CHL".into(), target: "PER".into() };
        assert_eq!(marked(text, span(0, 15), &mentions, &dyad), "{{Peru}} met [[Chile]].");
        let whole: String = pieces(text, span(0, 15), &mentions, &dyad).into_iter().map(|(_, piece)| piece).collect();
        assert_eq!(whole, text);
    }
    #[test]
    fn of_a_table_without_full_stops_only_what_is_around_the_two_names_stays() {
        let row = "Łódź 1,234 ";
        let text = format!("{0}Peru {0}Chile met Peru {0}Chile {0}", row.repeat(2_000));
        let mut mentions: Vec<Mention> = [("Peru", "PER"), ("Chile", "CHL")]
            .into_iter()
            .flat_map(|(name, polity)| text.match_indices(name).map(move |(at, _)| (at, name.len(), polity)))
            .map(|(at, length, polity)| Mention {
                span: ByteSpan::new(&text, at, at + length).expect("in range"),
                polity: polity.into(),
            })
            .collect();
        mentions.sort_by_key(|m| m.span);
        let all = ByteSpan::new(&text, 0, text.len()).expect("in range");
        let dyad = Dyad { actor: "CHL".into(), target: "PER".into() };
        let cell = marked(&text, all, &mentions, &dyad);
        assert!(cell.contains("Łódź 1,234 [[Chile]] met {{Peru}} Łódź 1,234"), "{cell}");
        assert_eq!((cell.matches('…').count(), cell.matches("[[").count()), (2, 1));
        assert!(cell.len() < LONGEST);
        let alone = Dyad { actor: "CHL".into(), target: "BOL".into() };
        assert_eq!(marked(&text, all, &mentions, &alone).matches("[[Chile]]").count(), 1);
    }
}
