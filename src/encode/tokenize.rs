//! `WordPiece` tokenization of anonymised passages, with the role tokens put in as ids.
//!
//! Text between roles is tokenized as plain text: a literal `[CLS]` or `[P1]` in an article is never a special token.

use super::batch::EncodedExample;
use crate::example::{Example, Piece};
use std::path::Path;
use tokenizers::Tokenizer;

/// How many polities one passage can tell apart.
pub const ROLES: usize = 24;

/// Tokens for the actor, the target and every other polity where a dyad is asked about alone.
pub const PAIR_TOKENS: [&str; 3] = ["[ACTOR]", "[TARGET]", "[OTHER]"];

/// Name of the token for a role: slot 0 is `[P1]`.
pub fn role_token(slot: usize) -> String {
    format!("[P{}]", slot + 1)
}

/// The tokenizer of a model folder cannot be used, or a text cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// `tokenizer.json` is missing or malformed.
    #[error("cannot load tokenizer {path}: {source}")]
    Load {
        /// The file.
        path: String,
        /// The tokenizer library's word.
        source: tokenizers::Error,
    },
    /// A token that the input form needs is not in the vocabulary.
    #[error("tokenizer has no token `{0}`: the folder does not hold a demarche model, or one without a second look")]
    MissingToken(String),
    /// The tokenizer refused a text.
    #[error("cannot tokenize: {0}")]
    Tokenize(tokenizers::Error),
    /// More polities than role tokens.
    #[error("{found} polities in one passage, at most {ROLES} can be told apart")]
    TooManyRoles {
        /// Polities in the example.
        found: usize,
    },
}

/// Turns examples into token ids.
pub struct Encoder {
    tokenizer: Tokenizer,
    cls: u32,
    sep: u32,
    roles: Vec<u32>,
    /// `None` for a model that never learned to look at a dyad alone.
    pair: Option<[u32; 3]>,
    max_tokens: usize,
}

impl Encoder {
    /// Opens `tokenizer.json`; no example will be longer than `max_tokens` (`[CLS]` and `[SEP]` included).
    ///
    /// # Errors
    /// If the file cannot be read or lacks `[CLS]`, `[SEP]` or a role token.
    pub fn open(path: &Path, max_tokens: usize) -> Result<Self, EncodeError> {
        let mut tokenizer = Tokenizer::from_file(path)
            .map_err(|source| EncodeError::Load { path: path.display().to_string(), source })?;
        tokenizer.set_encode_special_tokens(true);
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(EncodeError::Tokenize)?;
        let id = |token: &str| tokenizer.token_to_id(token).ok_or_else(|| EncodeError::MissingToken(token.to_owned()));
        let (cls, sep) = (id("[CLS]")?, id("[SEP]")?);
        let roles = (0..ROLES).map(|slot| id(&role_token(slot))).collect::<Result<_, _>>()?;
        let [actor, target, other] = PAIR_TOKENS.map(|token| tokenizer.token_to_id(token));
        let pair = actor.zip(target).zip(other).map(|((actor, target), other)| [actor, target, other]);
        Ok(Self { tokenizer, cls, sep, roles, pair, max_tokens })
    }

    /// Number of tokens of a plain text, without `[CLS]` and `[SEP]`.
    ///
    /// # Errors
    /// If the tokenizer refuses the text.
    pub fn count(&self, text: &str) -> Result<usize, EncodeError> {
        Ok(self.tokenizer.encode_fast(text, false).map_err(EncodeError::Tokenize)?.len())
    }

    /// Encodes with slot `k` as role `[Pk+1]`.
    ///
    /// # Errors
    /// As [`Encoder::encode_numbered`].
    pub fn encode(&self, example: &Example<'_>) -> Result<EncodedExample, EncodeError> {
        let numbering: Vec<usize> = (0..example.polities.len()).collect();
        self.encode_numbered(example, &numbering)
    }

    /// Encodes with slot `k` as role `numbering[k]` (training permutes the numbers). An example over the limit loses
    /// the text tokens that are farthest from any mention; roles stay.
    ///
    /// # Errors
    /// If there are more polities than roles, or the tokenizer refuses the text.
    pub fn encode_numbered(&self, example: &Example<'_>, numbering: &[usize]) -> Result<EncodedExample, EncodeError> {
        if numbering.len() > ROLES || numbering.iter().any(|n| *n >= ROLES) {
            return Err(EncodeError::TooManyRoles { found: example.polities.len() });
        }
        let id = |slot: usize| self.roles[numbering[slot]];
        self.assemble(example, id, Some, example.polities.len(), example.dyads.clone())
    }

    /// Encodes the question about one dyad of the example, by its index, alone: actor and target are the roles 0 and 1,
    /// and all other polities share a token. It begins with the first sentence that names one of the two, whatever
    /// stands before; cut as in [`Encoder::encode_numbered`].
    ///
    /// # Errors
    /// If the tokenizer lacks the tokens or refuses the text.
    pub fn encode_alone(&self, example: &Example<'_>, dyad: usize) -> Result<EncodedExample, EncodeError> {
        let [actor, target, other] = self.pair.ok_or_else(|| EncodeError::MissingToken(PAIR_TOKENS.join("`, `")))?;
        let pair = example.dyads[dyad];
        let role = |slot: usize| [pair.0, pair.1].iter().position(|own| *own == slot);
        let id = |slot: usize| role(slot).map_or(other, |role| [actor, target][role]);
        self.assemble(&example.from_dyad(dyad), id, role, 2, vec![(0, 1)])
    }

    /// Whether dyads can be asked about alone.
    pub fn knows_pairs(&self) -> bool {
        self.pair.is_some()
    }

    /// An example with the token `id` in place of each polity; `role` says which of the `roles` it is, if any.
    fn assemble(
        &self,
        example: &Example<'_>,
        id: impl Fn(usize) -> u32,
        role: impl Fn(usize) -> Option<usize>,
        roles: usize,
        dyads: Vec<(usize, usize)>,
    ) -> Result<EncodedExample, EncodeError> {
        let mut tokens: Vec<Token> = Vec::new();
        for piece in &example.pieces {
            match piece {
                Piece::Role(slot) => tokens.push(Token { id: id(*slot), slot: Some(*slot) }),
                Piece::Text(text) => {
                    let encoding = self.tokenizer.encode_fast(*text, false).map_err(EncodeError::Tokenize)?;
                    tokens.extend(encoding.get_ids().iter().map(|id| Token { id: *id, slot: None }));
                }
            }
        }
        let before = tokens.len();
        let tokens = fit(tokens, self.max_tokens.saturating_sub(2), example.polities.len());
        let mut ids = Vec::with_capacity(tokens.len() + 2);
        let mut roles = vec![Vec::new(); roles];
        ids.push(self.cls);
        for token in &tokens {
            if let Some(role) = token.slot.and_then(&role) {
                roles[role].push(ids.len() as u32);
            }
            ids.push(token.id);
        }
        ids.push(self.sep);
        Ok(EncodedExample { ids, roles, dyads, cut: before - tokens.len() })
    }
}

#[derive(Debug, Clone, Copy)]
struct Token {
    id: u32,
    slot: Option<usize>,
}

/// Keeps `limit` tokens: the first mention of each polity before all else, then the tokens nearest to a mention.
fn fit(tokens: Vec<Token>, limit: usize, polities: usize) -> Vec<Token> {
    if tokens.len() <= limit {
        return tokens;
    }
    let mentions: Vec<usize> = (0..tokens.len()).filter(|i| tokens[*i].slot.is_some()).collect();
    let mut seen = vec![false; polities];
    let mut ranked: Vec<(usize, usize)> = tokens
        .iter()
        .enumerate()
        .map(|(i, token)| {
            let first = token.slot.is_some_and(|slot| !std::mem::replace(&mut seen[slot], true));
            let distance = mentions.iter().map(|m| m.abs_diff(i)).min().unwrap_or(i);
            (if first { 0 } else { distance + 1 }, i)
        })
        .collect();
    ranked.sort_unstable();
    let mut kept: Vec<usize> = ranked.into_iter().take(limit).map(|(_, i)| i).collect();
    kept.sort_unstable();
    kept.into_iter().map(|i| tokens[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: u32) -> Token {
        Token { id, slot: None }
    }

    fn role(slot: usize) -> Token {
        Token { id: 1000, slot: Some(slot) }
    }

    #[test]
    fn a_long_example_loses_the_tokens_farthest_from_its_mentions() {
        let tokens = vec![text(1), text(2), text(3), role(0), text(4), role(1), text(5), text(6), text(7)];
        let kept: Vec<u32> = fit(tokens, 5, 2).iter().map(|t| t.id).collect();
        assert_eq!(kept, [3, 1000, 4, 1000, 5]);
    }

    #[test]
    fn the_first_mention_of_every_polity_outlives_repeated_ones() {
        let mut tokens = vec![role(0); 6];
        tokens.push(role(1));
        let kept = fit(tokens, 3, 2);
        assert_eq!(kept.len(), 3);
        assert!(kept.iter().any(|t| t.slot == Some(1)));
    }

    fn tiny() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("models/tiny/tokenizer.json")
    }

    fn ids(tokens: &[&str]) -> Vec<u32> {
        let tokenizer = Tokenizer::from_file(tiny()).expect("a tokenizer");
        tokens.iter().map(|token| tokenizer.token_to_id(token).expect("a token of models/tiny")).collect()
    }

    /// The first slot met the second; the third praised the first.
    fn meeting(slots: [usize; 3], polities: [&str; 3], dyads: &[(usize, usize)]) -> Example<'static> {
        let [first, second, third] = slots.map(Piece::Role);
        let text = [" met ", " ; ", " praised "].map(Piece::Text);
        let pieces = vec![first, text[0], second, text[1], third, text[2], first];
        Example { pieces, polities: polities.map(Into::into).to_vec(), dyads: dyads.to_vec() }
    }

    const PLAIN: [&str; 3] = ["PER", "CHL", "KEN"];

    #[test]
    fn a_dyad_alone_is_an_actor_and_a_target_among_others() {
        let encoder = Encoder::open(&tiny(), 96).expect("an encoder");
        let example = meeting([0, 1, 2], PLAIN, &[(0, 1), (2, 0), (1, 2)]);
        let alone = |dyad| encoder.encode_alone(&example, dyad).expect("encoded");
        let cases: [([&str; 4], [Vec<u32>; 2]); 3] = [
            (["[ACTOR]", "[TARGET]", "[OTHER]", "[ACTOR]"], [vec![1, 7], vec![3]]),
            (["[TARGET]", "[OTHER]", "[ACTOR]", "[TARGET]"], [vec![5], vec![1, 7]]),
            (["[OTHER]", "[ACTOR]", "[TARGET]", "[OTHER]"], [vec![3], vec![5]]),
        ];
        for (dyad, ([a, b, c, d], roles)) in cases.into_iter().enumerate() {
            let ids = ids(&["[CLS]", a, "met", b, ";", c, "praised", d, "[SEP]"]);
            assert_eq!(alone(dyad), EncodedExample { ids, roles: roles.to_vec(), dyads: vec![(0, 1)], cut: 0 });
        }
    }

    #[test]
    fn alone_neither_the_name_nor_the_number_of_a_polity_reaches_the_model() {
        let encoder = Encoder::open(&tiny(), 96).expect("an encoder");
        let alone = |example: Example<'_>| encoder.encode_alone(&example, 0).expect("encoded");
        let plain = alone(meeting([0, 1, 2], PLAIN, &[(0, 1)]));
        assert_eq!(alone(meeting([0, 1, 2], ["KEN", "PER", "CHL"], &[(0, 1)])), plain);
        assert_eq!(alone(meeting([2, 0, 1], PLAIN, &[(2, 0)])), plain);
        // What does reach it is who is the actor: the other direction swaps the two tokens and nothing else.
        let back = alone(meeting([0, 1, 2], PLAIN, &[(1, 0)]));
        let [actor, target] = *ids(&["[ACTOR]", "[TARGET]"]) else { panic!("two ids") };
        let swap = |id: &u32| if [actor, target].contains(id) { actor + target - id } else { *id };
        assert_eq!(back.ids, plain.ids.iter().map(swap).collect::<Vec<_>>());
        assert_eq!([&back.roles[0], &back.roles[1]], [&plain.roles[1], &plain.roles[0]]);
    }

    #[test]
    fn alone_nothing_before_the_first_sentence_that_names_one_of_the_two_reaches_the_model() {
        let encoder = Encoder::open(&tiny(), 96).expect("an encoder");
        let alone = |example: &Example<'_>| encoder.encode_alone(example, 0).expect("encoded");
        let plain = meeting([0, 1, 2], PLAIN, &[(0, 1)]);
        let mut longer = meeting([0, 1, 2], PLAIN, &[(0, 1)]);
        let before = [Piece::Text("Rain fell. In "), Piece::Role(2), Piece::Text(" prices rose. ")];
        longer.pieces.splice(..0, before);
        assert_eq!(alone(&longer), alone(&plain));
        let before = [Piece::Text("It rained in "), Piece::Role(2), Piece::Text(". ")];
        longer.pieces.splice(..3, before);
        assert_eq!(alone(&longer), alone(&plain), "a sentence ends with a polity as with any word");
        longer.dyads = vec![(2, 0)];
        assert!(alone(&longer).ids.len() > alone(&plain).ids.len(), "a sentence that names the actor is context");
    }

    #[test]
    fn a_role_token_that_an_article_spells_out_is_text() {
        let encoder = Encoder::open(&tiny(), 96).expect("an encoder");
        let mut example = meeting([0, 1, 2], PLAIN, &[(0, 1)]);
        example.pieces.push(Piece::Text(" [ACTOR] [TARGET] [OTHER]"));
        let alone = encoder.encode_alone(&example, 0).expect("encoded");
        let count = |token: &str| alone.ids.iter().filter(|id| **id == ids(&[token])[0]).count();
        assert_eq!(PAIR_TOKENS.map(count), [2, 1, 1]);
        assert_eq!(alone.roles, [vec![1, 7], vec![3]]);
    }

    #[test]
    fn cutting_a_question_about_a_dyad_alone_keeps_its_actor_and_target() {
        let encoder = Encoder::open(&tiny(), 12).expect("an encoder");
        let far = "the ".repeat(40);
        // Ten mentions of another polity between the two, which themselves stand at the ends and far from any other.
        let middle = std::iter::repeat_n(Piece::Role(0), 10);
        let ends = [[Piece::Role(2), Piece::Text(&far)], [Piece::Text(&far), Piece::Role(1)]];
        let pieces: Vec<_> = ends[0].into_iter().chain(middle).chain(ends[1]).collect();
        let example = Example { pieces, polities: PLAIN.map(Into::into).to_vec(), dyads: vec![(0, 1), (1, 2)] };
        let alone = encoder.encode_alone(&example, 1).expect("encoded");
        assert_eq!((alone.ids.len(), alone.cut), (12, 92 - 10));
        assert_eq!(alone.roles, [vec![10], vec![1]]);
        assert_eq!([alone.ids[10], alone.ids[1]], *ids(&["[ACTOR]", "[TARGET]"]));
    }

    #[test]
    fn a_tokenizer_without_a_token_of_a_pair_answers_together_but_not_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokenizer.json");
        let whole: serde_json::Value =
            serde_json::from_slice(&std::fs::read(tiny()).expect("a tokenizer")).expect("JSON");
        let example = meeting([0, 1, 2], PLAIN, &[(0, 1)]);
        let missing: [&[&str]; 4] = [&PAIR_TOKENS, &PAIR_TOKENS[..1], &PAIR_TOKENS[1..2], &PAIR_TOKENS[2..]];
        for missing in missing {
            let mut json = whole.clone();
            let gone = |token: &serde_json::Value| missing.iter().any(|name| token["content"] == *name);
            json["added_tokens"].as_array_mut().expect("a list").retain(|token| !gone(token));
            let vocabulary = json["model"]["vocab"].as_object_mut().expect("a map");
            vocabulary.retain(|token, _| !missing.contains(&token.as_str()));
            std::fs::write(&path, json.to_string()).expect("written");
            let encoder = Encoder::open(&path, 96).expect("an encoder of a model of one look");
            assert!(!encoder.knows_pairs(), "{missing:?}");
            assert_eq!(encoder.encode(&example).expect("encoded").roles.len(), 3);
            let refusal = encoder.encode_alone(&example, 0);
            assert!(matches!(refusal, Err(EncodeError::MissingToken(_))), "{missing:?}: {refusal:?}");
        }
        assert!(Encoder::open(&tiny(), 96).expect("an encoder").knows_pairs());
    }
}
