//! A trace as one self-contained page: `page.html`, filled. Text is escaped by the template.

use super::text::part_name;
use super::{Trace, one_line};
use crate::document::{ByteSpan, Dyad, PolityId};
use crate::registry::Registry;
use crate::stance::{Stance, StanceProbs};
use askama::Template;

/// Renders the page.
///
/// # Errors
/// If the template fails, which no input should bring about.
pub fn render(trace: &Trace, registry: &Registry) -> Result<String, askama::Error> {
    let name = |id: &PolityId| registry.name(id).to_owned();
    let readings = trace.readings.iter().map(|r| Reading {
        sentence: r.sentence + 1,
        context: (r.first < r.sentence).then(|| format!("{}–{}", r.first + 1, r.sentence)),
        anchor: r.anchor.map(|i| i + 1),
        tokens: r.tokens,
        cut: r.cut,
        marked: &r.marked,
        roles: r.polities.iter().enumerate().map(|(i, id)| format!("[P{}] {}", i + 1, name(id))).collect(),
        dyads: r.dyads.iter().map(|(dyad, probs, alone)| look(dyad, *probs, *alone, &name)).collect(),
    });
    let spoken = trace.outcomes.iter().filter(|o| o.stance.stance != Stance::None);
    let outcomes = spoken.clone().map(|o| Outcome {
        dyad: format!("{} → {}", name(&o.stance.dyad.actor), name(&o.stance.dyad.target)),
        stance: o.stance.stance,
        confidence: format!("{:.3}", o.stance.probs.get(o.stance.stance)),
        flags: [(o.stance.mixed, "mixed"), (o.stance.truncated, "truncated"), (o.needs_review, "needs review")]
            .into_iter()
            .filter_map(|(set, flag)| set.then_some(flag))
            .collect(),
        steps: o
            .steps
            .iter()
            .map(|(i, probs, part)| (Row::new(format!("sentence {}", i + 1), *probs), part_name(*part)))
            .chain([(Row::new("pooled".to_owned(), o.stance.probs), String::new())])
            .collect(),
    });
    Page {
        id: &trace.document.id,
        date: trace.document.date.map(|d| d.to_string()),
        sentences: trace.sentences.iter().map(|s| pieces(trace, s.span)).collect(),
        mentions: trace.linked.mentions.len(),
        rejected: trace
            .linked
            .rejected
            .iter()
            .map(|r| (one_line(r.span.of(&trace.document.text)), r.reason.to_string()))
            .collect(),
        readings: readings.collect(),
        silent: trace.outcomes.len() - spoken.count(),
        outcomes: outcomes.collect(),
    }
    .render()
}

#[derive(Template)]
#[template(path = "page.html", config = "src/explain/askama.toml")]
struct Page<'a> {
    id: &'a str,
    date: Option<String>,
    sentences: Vec<Vec<Piece>>,
    mentions: usize,
    rejected: Vec<(String, String)>,
    readings: Vec<Reading<'a>>,
    outcomes: Vec<Outcome>,
    silent: usize,
}

/// A stretch of a sentence; `note` is the polity of a mention or the reason of a rejected match.
struct Piece {
    text: String,
    class: &'static str,
    note: String,
}

struct Reading<'a> {
    sentence: usize,
    context: Option<String>,
    anchor: Option<usize>,
    tokens: usize,
    cut: usize,
    marked: &'a str,
    roles: Vec<String>,
    dyads: Vec<Row>,
}

struct Outcome {
    dyad: String,
    stance: Stance,
    confidence: String,
    flags: Vec<&'static str>,
    steps: Vec<(Row, String)>,
}

/// A name, four probabilities, and which is the greatest.
struct Row {
    name: String,
    cells: [(String, bool); 4],
}

impl Row {
    fn new(name: String, probs: StanceProbs) -> Self {
        let best = probs.best();
        Self { name, cells: Stance::ALL.map(|s| (format!("{:.3}", probs.get(s)), s == best)) }
    }
}

/// The model's word on a dyad.
fn look(dyad: &Dyad, probs: StanceProbs, alone: bool, name: &dyn Fn(&PolityId) -> String) -> Row {
    let note = if alone { " (second look)" } else { "" };
    Row::new(format!("{} → {}{note}", name(&dyad.actor), name(&dyad.target)), probs)
}

fn pieces(trace: &Trace, sentence: ByteSpan) -> Vec<Piece> {
    let mentions = trace.linked.mentions.iter().map(|m| (m.span, "mention", m.polity.to_string()));
    let rejected = trace.linked.rejected.iter().map(|r| (r.span, "rejected", r.reason.to_string()));
    let mut marks: Vec<_> = mentions.chain(rejected).filter(|(span, ..)| sentence.contains(*span)).collect();
    marks.sort_by_key(|(span, ..)| *span);
    let text = &trace.document.text;
    let plain = |from: usize, to: usize| Piece { text: text[from..to].to_owned(), class: "", note: String::new() };
    let (mut pieces, mut at) = (Vec::new(), sentence.start());
    for (span, class, note) in marks {
        if span.start() < at {
            continue;
        }
        pieces.push(plain(at, span.start()));
        pieces.push(Piece { text: span.of(text).to_owned(), class, note });
        at = span.end();
    }
    pieces.push(plain(at, sentence.end()));
    pieces
}
