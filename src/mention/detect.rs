//! Every alias in one pass: Aho–Corasick, case-aware, whole words, leftmost-longest among what ends on word boundaries.

use crate::document::ByteSpan;
use crate::registry::{Kind, Registry};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::BTreeMap;

/// What a surface form can be.
#[derive(Debug, Clone, Default)]
pub(super) struct Readings {
    /// Indices into the registry's aliases.
    pub(super) aliases: Vec<usize>,
    /// Reason, if the form is a phrase in which no polity is meant.
    pub(super) blocker: Option<String>,
    /// The form is all capitals of a name that is not: a headline or a dateline.
    pub(super) shouted: bool,
}

/// A match before linking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Bytes of the text.
    pub span: ByteSpan,
    /// Which surface form.
    pub(super) form: usize,
}

/// The compiled registry.
pub struct Detector {
    automaton: AhoCorasick,
    pub(super) forms: Vec<Readings>,
    pub(super) registry: Registry,
}

impl Detector {
    /// Compiles all aliases and blockers, with curly apostrophes and, for names of four letters and more, capitals.
    ///
    /// # Panics
    /// Never in practice: the automaton holds far fewer patterns than its limit.
    pub fn new(registry: Registry) -> Self {
        let mut forms: BTreeMap<String, Readings> = BTreeMap::new();
        for (i, alias) in registry.aliases.iter().enumerate() {
            for surface in spellings(&alias.surface) {
                forms.entry(surface.clone()).or_default().aliases.push(i);
                let shouted = surface.to_uppercase();
                let name =
                    matches!(alias.kind, Kind::Name | Kind::Demonym | Kind::Capital | Kind::Bloc | Kind::Metonym);
                if name && surface.chars().count() >= 4 && shouted != surface {
                    let readings = forms.entry(shouted).or_default();
                    readings.aliases.push(i);
                    readings.shouted = true;
                }
            }
        }
        for (phrase, reason) in &registry.blockers {
            for surface in spellings(phrase) {
                forms.entry(surface).or_default().blocker = Some(reason.clone());
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(forms.keys())
            .expect("the registry is far below the automaton's size limit");
        Self { automaton, forms: forms.into_values().collect(), registry }
    }

    /// The tables that were compiled.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Matches on word boundaries, leftmost-longest, without overlaps.
    pub fn candidates(&self, text: &str) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = self
            .automaton
            .find_overlapping_iter(text)
            .filter(|m| on_word_boundaries(text, m.start(), m.end()))
            .filter_map(|m| {
                ByteSpan::new(text, m.start(), m.end()).map(|span| Candidate { span, form: m.pattern().as_usize() })
            })
            .collect();
        found.sort_by_key(|c| (c.span.start(), std::cmp::Reverse(c.span.end())));
        let mut end = 0;
        found.retain(|c| {
            let free = end <= c.span.start();
            if free {
                end = c.span.end();
            }
            free
        });
        found
    }
}

/// The spelling itself and with typographic apostrophes.
fn spellings(surface: &str) -> Vec<String> {
    let mut spellings = vec![surface.to_owned()];
    if surface.contains('\'') {
        spellings.push(surface.replace('\'', "’"));
    }
    spellings
}

fn on_word_boundaries(text: &str, start: usize, end: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    let dotted = text[..end].ends_with('.');
    !before.is_some_and(word) && (dotted || !after.is_some_and(word)) && before != Some('@') && before != Some('#')
}
