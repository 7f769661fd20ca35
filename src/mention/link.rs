//! What a candidate names on the document's date, or why it names nothing.

use super::detect::{Candidate, Detector};
use crate::document::{ByteSpan, Date, Mention, PolityId};
use crate::registry::{Alias, Context, Kind, Rule, Where};
use std::collections::BTreeSet;
use std::fmt;

/// Why a candidate is no mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A phrase of the blocker table: media, company, place, person …
    Blocked(String),
    /// A place in capitals that opens a report.
    Dateline,
    /// The name of an institution, firm or venue.
    Institution,
    /// Part of a person's name or of an address.
    PartOfName,
    /// A leader outside the term, or a name outside its period.
    OutOfTerm,
    /// A surname without its full name in the document.
    SurnameAlone,
    /// A generic institution without its polity in the document.
    NoPolityNear,
    /// An epithet without `the`, or without the one polity before it that it could mean.
    NothingBefore,
    /// A context rule spoke against it.
    Context(String),
    /// Several readings and nothing to choose by.
    Ambiguous,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocked(reason) => write!(f, "blocked:{reason}"),
            Self::Context(reason) => write!(f, "context:{reason}"),
            Self::Dateline => f.write_str("dateline"),
            Self::Institution => f.write_str("institution"),
            Self::PartOfName => f.write_str("part_of_name"),
            Self::OutOfTerm => f.write_str("out_of_term"),
            Self::SurnameAlone => f.write_str("surname_alone"),
            Self::NoPolityNear => f.write_str("no_polity_near"),
            Self::NothingBefore => f.write_str("nothing_before"),
            Self::Ambiguous => f.write_str("ambiguous"),
        }
    }
}

/// A candidate that names no polity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Bytes of the text.
    pub span: ByteSpan,
    /// Why.
    pub reason: Reason,
}

/// All candidates of a document, decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Linked {
    /// What names a polity, in order, without overlaps.
    pub mentions: Vec<Mention>,
    /// What does not.
    pub rejected: Vec<Rejected>,
}

impl Linked {
    /// Makes every whole-word occurrence of `aliases`, also with a capital as a sentence opens, a mention of `target`,
    /// whatever it names or overlaps otherwise: the user knows who is meant by "the council".
    pub fn name_target(&mut self, text: &str, target: &PolityId, aliases: &[String]) {
        let forms: BTreeSet<String> = aliases.iter().flat_map(|alias| [alias.clone(), capitalised(alias)]).collect();
        let mut spans: Vec<ByteSpan> = forms
            .iter()
            .filter(|form| !form.is_empty())
            .flat_map(|form| text.match_indices(form.as_str()))
            .filter(|(at, alias)| {
                !continues(text, at + alias.len())
                    && !text[..*at].chars().next_back().is_some_and(char::is_alphanumeric)
            })
            .filter_map(|(at, alias)| ByteSpan::new(text, at, at + alias.len()))
            .collect();
        spans.sort_by_key(|s| (s.start(), std::cmp::Reverse(s.end())));
        let mut end = 0;
        for span in spans {
            if span.start() < end || self.mentions.iter().any(|m| m.span.contains(span) && m.span != span) {
                continue;
            }
            end = span.end();
            self.mentions.retain(|m| !m.span.overlaps(span));
            self.rejected.retain(|r| !r.span.overlaps(span));
            self.mentions.push(Mention { span, polity: target.clone() });
        }
        self.mentions.sort_by_key(|m| m.span);
    }
}

/// Words that make a preceding or following polity name part of an institution's name.
const INSTITUTION_AFTER: &str = "University College Institute Airlines Airways Airport Bank Hotel Street Avenue Road \
    Square Times Post Herald Tribune Gazette Journal Telegraph Open Marathon Stadium Club FC United City Rovers \
    Festival Biennale Cathedral Museum Gallery Opera Philharmonic Symphony Orchestra Zoo Tech";
const INSTITUTION_BEFORE: &str = "University Bank Cathedral Museum Voice Radio Times Banco Archbishop Bishop";
const TITLES: &str = "President Prime Minister Foreign Premier Chancellor King Queen Prince Princess Emperor Secretary \
    Minister Leader leader President-elect Sheikh Sheik Ayatollah General Gen. Sultan Emir Taoiseach president premier \
    chancellor minister Mr Mr. Mrs Mrs. Ms Ms. Dr Dr. Sir Lord Lady Colonel Col. Marshal Comrade then-President \
    administration Pope";
/// Characters on each side that `near` rules look at.
const NEAR: usize = 60;
/// Endings of the one word that may stand between `the` and an epithet.
const TRAITS: &str = "-rich -member -nation -state -strong";
/// Words after an epithet that make it something else: `the alliance with`, `the island chain`, `the Soviet state security`.
const GOES_ON: &str =
    "of that which who with between led they chain group security police television radio apparatus visit";
/// Bytes before an epithet in which its polity must be named: two or three sentences.
const BACK: usize = 400;

impl Detector {
    /// Finds and links the polities of a document published on `day`.
    pub fn link(&self, text: &str, day: Option<Date>) -> Linked {
        let candidates = self.candidates(text);
        let scene = Scene { detector: self, text, day, candidates: &candidates };
        let mut linked = Linked::default();
        // An epithet points back to a name, not to another epithet.
        let mut named: Vec<Mention> = Vec::new();
        for candidate in &candidates {
            match scene.decide(*candidate, &named) {
                Ok(polity) => {
                    let mention = Mention { span: candidate.span, polity: polity.clone() };
                    if !scene.aliases(*candidate).any(|a| a.rule == Rule::Back) {
                        named.push(mention.clone());
                    }
                    linked.mentions.push(mention);
                }
                Err(reason) => linked.rejected.push(Rejected { span: candidate.span, reason }),
            }
        }
        linked
    }
}

/// One document under decision.
struct Scene<'a> {
    detector: &'a Detector,
    text: &'a str,
    day: Option<Date>,
    candidates: &'a [Candidate],
}

impl<'a> Scene<'a> {
    /// `before` is what was named so far.
    fn decide(&self, candidate: Candidate, before: &[Mention]) -> Result<&'a PolityId, Reason> {
        let readings = &self.detector.forms[candidate.form];
        if let Some(reason) = &readings.blocker {
            return Err(Reason::Blocked(reason.clone()));
        }
        let aliases: Vec<&'a Alias> = readings.aliases.iter().map(|i| &self.detector.registry.aliases[*i]).collect();
        let place = aliases.iter().any(|a| matches!(a.kind, Kind::Name | Kind::Capital));
        if place && self.in_dateline(candidate.span) {
            return Err(Reason::Dateline);
        }
        if place && self.in_institution(candidate.span) {
            return Err(Reason::Institution);
        }
        let current: Vec<&Alias> = aliases.iter().copied().filter(|a| a.holds_on(self.day)).collect();
        if current.is_empty() {
            return Err(Reason::OutOfTerm);
        }
        let mut refusal = Reason::Ambiguous;
        let mut accepted: Vec<&'a Alias> = Vec::new();
        for alias in current {
            match self.satisfied(alias, candidate.span, before) {
                Ok(()) => accepted.push(alias),
                Err(reason) => refusal = reason,
            }
        }
        let several = accepted.iter().any(|other| other.polity != accepted[0].polity);
        if several && accepted.iter().any(|a| a.rule == Rule::Back) {
            return Err(Reason::Ambiguous);
        }
        self.choose(&accepted, candidate.span).ok_or(refusal)
    }

    /// Whether the context rules and the alias's own rule let it count here.
    fn satisfied(&self, alias: &Alias, span: ByteSpan, before: &[Mention]) -> Result<(), Reason> {
        self.context(alias, span)?;
        match alias.rule {
            Rule::Always | Rule::State => Ok(()),
            Rule::Full => self.full_name_elsewhere(alias).then_some(()).ok_or(Reason::SurnameAlone),
            Rule::Title => (self.after_title(alias, span) || self.full_name_elsewhere(alias))
                .then_some(())
                .ok_or(Reason::SurnameAlone),
            Rule::Near => self.named(&alias.polity).then_some(()).ok_or(Reason::NoPolityNear),
            Rule::Back => {
                let near = |m: &&Mention| span.start() - m.span.end() <= BACK;
                let named = before.iter().rev().take_while(near).any(|m| m.polity == alias.polity);
                (named && self.definite(span)).then_some(()).ok_or(Reason::NothingBefore)
            }
        }
    }

    /// `the kingdom`, `the oil-rich kingdom`; not `a kingdom`, `the ruling alliance`, `the Kingdom Tower`, `the island of Crete`.
    fn definite(&self, span: ByteSpan) -> bool {
        let mut words = self.text[..span.start()].split_whitespace().rev();
        let the = |word: &str| matches!(word.trim_start_matches(|c: char| !c.is_alphanumeric()), "the" | "The");
        let trait_of_it = |word: &str| TRAITS.split(' ').any(|ending| word.ends_with(ending));
        let definite = words.next().is_some_and(|w| the(w) || trait_of_it(w) && words.next().is_some_and(the));
        let after = &self.text[span.end()..];
        let next = after.trim_start();
        let word = next.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let joined = next.len() < after.len() && (word.starts_with(char::is_uppercase) || among(GOES_ON, word));
        definite && !joined
    }

    /// One polity among the accepted readings: the only one; else one that the document names otherwise; else, without
    /// a date, the holder of the latest term.
    fn choose(&self, accepted: &[&'a Alias], span: ByteSpan) -> Option<&'a PolityId> {
        let mut polities: Vec<&'a PolityId> = accepted.iter().map(|a| &a.polity).collect();
        polities.dedup();
        if let [only] = polities.as_slice() {
            return Some(only);
        }
        let nearest = self
            .candidates
            .iter()
            .filter(|c| c.span != span)
            .flat_map(|c| self.aliases(*c).map(move |a| (c.span, a)))
            .filter(|(_, a)| matches!(a.kind, Kind::Name | Kind::Demonym) && polities.contains(&&a.polity))
            .min_by_key(|(at, _)| at.start().abs_diff(span.start()));
        if let Some((_, alias)) = nearest {
            return Some(&alias.polity);
        }
        accepted.iter().max_by_key(|a| (a.valid_to.is_none(), a.valid_from)).map(|a| &a.polity)
    }

    fn aliases(&self, candidate: Candidate) -> impl Iterator<Item = &'a Alias> + use<'a> {
        let detector = self.detector;
        let readings = &detector.forms[candidate.form];
        let free = readings.blocker.is_none();
        readings.aliases.iter().filter(move |_| free).map(move |i| &detector.registry.aliases[*i])
    }

    fn full_name_elsewhere(&self, alias: &Alias) -> bool {
        self.candidates.iter().flat_map(|c| self.aliases(*c)).any(|a| {
            a.kind == Kind::Leader
                && a.polity == alias.polity
                && a.holds_on(self.day)
                && a.surface.len() > alias.surface.len()
                && (ends_with_word(&a.surface, &alias.surface)
                    || a.surface.strip_prefix(&alias.surface).is_some_and(|rest| rest.starts_with(' ')))
        })
    }

    fn named(&self, polity: &PolityId) -> bool {
        self.candidates
            .iter()
            .flat_map(|c| self.aliases(*c))
            .any(|a| a.polity == *polity && matches!(a.kind, Kind::Name | Kind::Demonym | Kind::Capital | Kind::Bloc))
    }

    fn after_title(&self, alias: &Alias, span: ByteSpan) -> bool {
        let before = self.text[..span.start()].trim_end();
        let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        among(TITLES, word)
            || self
                .candidates
                .iter()
                .any(|c| c.span.end() == before.len() && self.aliases(*c).any(|a| a.polity == alias.polity))
    }

    fn context(&self, alias: &Alias, span: ByteSpan) -> Result<(), Reason> {
        let rules = self.detector.registry.contexts.iter();
        let mut hits = rules.filter(|r| r.surface == alias.surface && r.polity == alias.polity);
        if let Some(rule) = hits.find(|r| self.hit(r, span)) {
            return if rule.accept { Ok(()) } else { Err(Reason::Context(rule.reason.clone())) };
        }
        if alias.rule == Rule::State && matches!(alias.kind, Kind::Name | Kind::Capital) && self.part_of_name(span) {
            return Err(Reason::PartOfName);
        }
        Ok(())
    }

    fn hit(&self, rule: &Context, span: ByteSpan) -> bool {
        let (before, after) = (&self.text[..span.start()], &self.text[span.end()..]);
        let any = |text: &str| rule.words.iter().any(|w| has_word(text, w));
        match rule.place {
            Where::Always => true,
            Where::Document => any(before) || any(after),
            Where::Near => {
                let start = floor(before, before.len().saturating_sub(NEAR));
                any(&before[start..]) || any(&after[..floor(after, NEAR)])
            }
            Where::Before => rule.words.iter().any(|w| ends_with_word(before.trim_end(), w.trim_end())),
            Where::After => {
                let after = after.trim_start();
                rule.words.iter().any(|w| {
                    let w = w.trim_end();
                    after.starts_with(w) && !continues(after, w.len())
                })
            }
        }
    }

    /// `Michael Jordan`, `Jordan Peele`: a capitalised word that is no title or polity directly beside it.
    fn part_of_name(&self, span: ByteSpan) -> bool {
        let (before, after) = (&self.text[..span.start()], &self.text[span.end()..]);
        let capital = |word: &str| {
            let mut chars = word.chars();
            chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase)
        };
        // A surname whose full name the document lacks is any word: `Charles Santiago`.
        let known = |alias: &Alias| !matches!(alias.rule, Rule::Full | Rule::Title) || self.full_name_elsewhere(alias);
        let stands = |c: Candidate| self.detector.forms[c.form].blocker.is_some() || self.aliases(c).any(known);
        let covered =
            |at: usize| self.candidates.iter().any(|c| c.span.start() <= at && at < c.span.end() && stands(*c));
        let next =
            after.strip_prefix(' ').map(|rest| rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default());
        let surname = next.is_some_and(|w| capital(w) && !among(TITLES, w) && !covered(span.end() + 1));
        let previous = before
            .strip_suffix(' ')
            .map(|rest| rest.rsplit(|c: char| c.is_whitespace() || "(\"“".contains(c)).next().unwrap_or_default());
        let first = previous.is_some_and(|w| {
            let start = before.len() - 1 - w.len();
            let opens = before[..start].trim_end().is_empty()
                || before[..start].trim_end().ends_with(['.', '!', '?', '\n', ':', '"', '”']);
            capital(w) && !opens && !among(TITLES, w) && !covered(start)
        });
        surname || first
    }

    /// `University of Qatar`, `Qatar University`, `Bank of China`.
    fn in_institution(&self, span: ByteSpan) -> bool {
        let (before, after) = (&self.text[..span.start()], &self.text[span.end()..]);
        let next = after.strip_prefix(' ').and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
        let head = before.strip_suffix(" of ").and_then(|rest| rest.rsplit(char::is_whitespace).next());
        next.is_some_and(|w| among(INSTITUTION_AFTER, w)) || head.is_some_and(|w| among(INSTITUTION_BEFORE, w))
    }

    /// `PARIS, Aug. 3 —`, `DAMASCUS, Syria —`, `From our correspondent in Tindouf`.
    fn in_dateline(&self, span: ByteSpan) -> bool {
        let line = self.text[..span.start()].rsplit('\n').next().unwrap_or_default();
        let shouted = |text: &str| text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase);
        let byline = ["By our ", "From our "].iter().any(|opening| line.trim_start().starts_with(opening));
        byline && line.len() < NEAR || (shouted(span.of(self.text)) || shouted(line)) && self.opens_report(span)
    }

    /// At the start of a line and followed by what closes a dateline.
    fn opens_report(&self, span: ByteSpan) -> bool {
        let line = &self.text[..span.start()];
        let line = line.rsplit('\n').next().unwrap_or(line);
        let rest = &self.text[span.end()..];
        let rest = rest.split('\n').next().unwrap_or(rest);
        let fresh = line.chars().all(|c| !c.is_lowercase()) && line.chars().count() <= 40;
        let close = [",", " (", " -", " –", " —", "—", ":", ".", " /"].iter().any(|mark| rest.starts_with(mark));
        fresh && (close || rest.trim().is_empty() && !line.trim().is_empty() || rest.trim().is_empty())
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

fn among(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split_ascii_whitespace().any(|entry| entry == word)
}

fn continues(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(char::is_alphanumeric)
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !continues(text, at + word.len()) && !text[..at].chars().next_back().is_some_and(char::is_alphanumeric)
    })
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word).is_some_and(|rest| !rest.chars().next_back().is_some_and(char::is_alphanumeric))
}

fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}
