//! A trace for the terminal: stage by stage, plain text.

use super::{Trace, one_line};
use crate::aggregate::Part;
use crate::registry::Registry;
use crate::stance::{Stance, StanceProbs};
use std::io::{self, Write};

/// Prints the trace.
///
/// # Errors
/// If `out` refuses.
pub fn print(trace: &Trace, registry: &Registry, out: &mut dyn Write) -> io::Result<()> {
    let Trace { document, sentences, linked, readings, outcomes } = trace;
    let text = &document.text;
    let date = document.date.map_or_else(|| "no date: leaders count without their terms".to_owned(), |d| d.to_string());
    writeln!(out, "document {}  ({date}, {} bytes)", document.id, text.len())?;

    writeln!(out, "\n1. sentences: {}", sentences.len())?;
    for (i, sentence) in sentences.iter().enumerate() {
        let span = sentence.span;
        writeln!(out, "{:>4}  {}..{}  {}", i + 1, span.start(), span.end(), one_line(span.of(text)))?;
    }

    writeln!(out, "\n2. mentions: {}, and {} names that are none", linked.mentions.len(), linked.rejected.len())?;
    for mention in &linked.mentions {
        let (start, end) = (mention.span.start(), mention.span.end());
        let (surface, name) = (one_line(mention.span.of(text)), registry.name(&mention.polity));
        writeln!(out, "{start:>6}..{end:<6} {surface}  = {} {name}", mention.polity)?;
    }
    for rejected in &linked.rejected {
        let (start, end) = (rejected.span.start(), rejected.span.end());
        writeln!(out, "{start:>6}..{end:<6} {}  is none: {}", one_line(rejected.span.of(text)), rejected.reason)?;
    }

    writeln!(out, "\n3. what the model reads: {} passages", readings.len())?;
    for reading in readings {
        let context = if reading.first < reading.sentence {
            format!(" with {}–{} before it", reading.first + 1, reading.sentence)
        } else {
            String::new()
        };
        let anchor = reading.anchor.map(|i| format!(", sentence {} in front", i + 1)).unwrap_or_default();
        let cut = if reading.cut > 0 { format!(", {} CUT", reading.cut) } else { String::new() };
        writeln!(out, "   sentence {}{context}{anchor}: {} tokens{cut}", reading.sentence + 1, reading.tokens)?;
        writeln!(out, "      {}", reading.marked)?;
        let roles: Vec<String> =
            reading.polities.iter().enumerate().map(|(i, id)| format!("[P{}] {id}", i + 1)).collect();
        writeln!(out, "      {}", roles.join("  "))?;
        for (dyad, probs, alone) in &reading.dyads {
            let look = if *alone { "  second look" } else { "" };
            writeln!(out, "      {:<24} {}{look}", format!("{} -> {}", dyad.actor, dyad.target), shown(*probs))?;
        }
    }

    let spoken = outcomes.iter().filter(|o| o.stance.stance != Stance::None).count();
    writeln!(out, "\n4. stances: {spoken}, and {} pairs with none", outcomes.len() - spoken)?;
    for outcome in outcomes.iter().filter(|o| o.stance.stance != Stance::None) {
        let s = &outcome.stance;
        let flags = [(s.mixed, "  mixed"), (s.truncated, "  truncated"), (outcome.needs_review, "  needs review")];
        let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
        let names = (registry.name(&s.dyad.actor), registry.name(&s.dyad.target));
        writeln!(out, "   {} -> {}: {} {:.3}{flags}", names.0, names.1, s.stance, s.probs.get(s.stance))?;
        for (sentence, probs, part) in &outcome.steps {
            writeln!(out, "      sentence {:>3}  {}  {}", sentence + 1, shown(*probs), part_name(*part))?;
        }
        writeln!(out, "      pooled        {}", shown(s.probs))?;
    }
    Ok(())
}

/// What a passage did, in words.
pub(super) fn part_name(part: Part) -> String {
    match part {
        Part::Evidence(weight) => format!("evidence, weight {weight:.2}"),
        Part::Silent => "silent: no stance is likelier".to_owned(),
        Part::Repeated => "repeated sentence, counted once".to_owned(),
    }
}

/// `none 0.10  recognize 0.00  engage 0.05  condemn 0.85`.
fn shown(probs: StanceProbs) -> String {
    Stance::ALL.map(|s| format!("{s} {:.3}", probs.get(s))).join("  ")
}
