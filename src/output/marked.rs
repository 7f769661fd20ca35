//! The text that proves a stance, with the actor as `[[Russia]]` and the target as `{{Taliban}}`.

use crate::document::{ByteSpan, Dyad, Mention};

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

/// The text of `span` on one line, with brackets.
pub fn marked(text: &str, span: ByteSpan, mentions: &[Mention], dyad: &Dyad) -> String {
    let bracketed = |(role, piece): (Role, &str)| {
        let (open, close) = role.brackets();
        format!("{open}{piece}{close}")
    };
    let whole: String = pieces(text, span, mentions, dyad).into_iter().map(bracketed).collect();
    whole.split_whitespace().collect::<Vec<_>>().join(" ")
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
}
