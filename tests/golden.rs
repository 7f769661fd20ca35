//! The corridor from a passage to logits against another implementation: Python's transformers and tokenizers.
//!
//! `scripts/golden.py` writes the reference, in 64-bit floats, for `models/tiny` and `models/minilm-stance`. After a
//! change of either model's files it must run again; the test says so.

use demarche::document::{ByteSpan, Dyad, Mention, PolityId};
use demarche::encode::{Batch, EncodedExample, ROLES};
use demarche::engine::Engine as _;
use demarche::engine::cpu::CpuEngine;
use demarche::example::{Example, Piece};
use demarche::model::Model;
use serde::Deserialize;
use std::path::Path;

/// How far a hidden state or a logit may be from the reference.
const TOLERANCE: f64 = 1e-4;

#[derive(Deserialize)]
struct Fixture {
    models: Vec<GoldenModel>,
}

#[derive(Deserialize)]
struct GoldenModel {
    folder: String,
    /// Of `model.safetensors`.
    sha256: String,
    examples: Vec<Golden>,
}

#[derive(Deserialize)]
struct Golden {
    name: String,
    text: String,
    /// Bytes from, bytes to, code.
    mentions: Vec<(usize, usize, PolityId)>,
    pieces: Vec<GoldenPiece>,
    polities: Vec<PolityId>,
    /// Indices into `polities`.
    dyads: Vec<(usize, usize)>,
    ids: Vec<u32>,
    roles: Vec<Vec<u32>>,
    cut: usize,
    /// A row a token: the first dimensions, or all.
    hidden: Vec<Vec<f64>>,
    /// Mean of each whole row.
    mean: Vec<f64>,
    /// Euclidean norm of each whole row.
    norm: Vec<f64>,
    logits: Vec<[f64; 4]>,
    alone: Alone,
}

/// The last dyad, asked about alone.
#[derive(Deserialize)]
struct Alone {
    ids: Vec<u32>,
    /// Of the actor and the target.
    roles: Vec<Vec<u32>>,
    logits: [f64; 4],
}

#[derive(Deserialize)]
#[serde(untagged)]
enum GoldenPiece {
    Role(usize),
    Text(String),
}

fn open(folder: &str) -> (Model, CpuEngine, Vec<Golden>) {
    let fixture: Fixture =
        serde_json::from_str(include_str!("fixtures/golden_encoder.json")).expect("a well-formed fixture");
    let golden = fixture.models.into_iter().find(|m| m.folder == folder).expect("the fixture has the model");
    let model = Model::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("the model opens");
    assert_eq!(
        model.checksum, golden.sha256,
        "the reference belongs to other weights of {folder}: run `python3 scripts/golden.py`"
    );
    let engine = model.cpu_engine().expect("complete weights");
    (model, engine, golden.examples)
}

/// The example of a golden text, made as `label` and `evaluate` make theirs.
fn example(golden: &Golden) -> Example<'_> {
    let text = golden.text.as_str();
    let span = |start, end| ByteSpan::new(text, start, end).expect("on character boundaries");
    let mentions: Vec<Mention> =
        golden.mentions.iter().map(|(a, b, code)| Mention { span: span(*a, *b), polity: code.clone() }).collect();
    let polity = |slot: usize| golden.polities[slot].clone();
    let dyads: Vec<Dyad> = golden.dyads.iter().map(|(a, t)| Dyad { actor: polity(*a), target: polity(*t) }).collect();
    let mut examples = Example::covering(text, &[span(0, text.len())], &mentions, &dyads, ROLES);
    assert_eq!(examples.len(), 1, "{}", golden.name);
    examples.remove(0).0
}

fn encode(model: &Model, examples: &[Golden]) -> Vec<EncodedExample> {
    examples.iter().map(|g| model.encoder.encode(&example(g)).expect("encodes")).collect()
}

fn ids_are_the_reference(folder: &str) {
    let (model, _, golden) = open(folder);
    assert!(golden.len() >= 12 && golden.iter().any(|g| g.cut > 0));
    for g in &golden {
        let example = example(g);
        assert_eq!(example.polities, g.polities, "{}", g.name);
        let pieces: Vec<Piece<'_>> = g
            .pieces
            .iter()
            .map(|piece| match piece {
                GoldenPiece::Role(slot) => Piece::Role(*slot),
                GoldenPiece::Text(text) => Piece::Text(text),
            })
            .collect();
        assert_eq!(example.pieces, pieces, "{}", g.name);
        let encoded = model.encoder.encode(&example).expect("encodes");
        assert_eq!(encoded.ids, g.ids, "{}", g.name);
        assert_eq!(encoded.roles, g.roles, "{}", g.name);
        assert_eq!(encoded.dyads, g.dyads, "{}", g.name);
        assert_eq!(encoded.cut, g.cut, "{}", g.name);
        let alone = model.encoder.encode_alone(&example, g.dyads.len() - 1).expect("encodes");
        assert_eq!((alone.ids, alone.roles), (g.alone.ids.clone(), g.alone.roles.clone()), "{} alone", g.name);
        assert_eq!(alone.dyads, [(0, 1)]);
    }
}

/// All examples in one batch, so that a row that reads its neighbours shows.
fn hidden_states_are_the_reference(folder: &str) {
    let (model, engine, golden) = open(folder);
    let batch = Batch { examples: encode(&model, &golden) };
    let hidden = engine.hidden_states(&batch).expect("scores");
    assert_eq!(hidden.dim(), (batch.tokens(), model.config.hidden_size));
    let mut rows = hidden.rows().into_iter();
    let (mut furthest, mut place) = (0.0f64, String::new());
    for g in &golden {
        assert_eq!((g.hidden.len(), g.mean.len(), g.norm.len()), (g.ids.len(), g.ids.len(), g.ids.len()));
        for (position, row) in rows.by_ref().take(g.ids.len()).enumerate() {
            let row = row.mapv(f64::from);
            let (mean, norm) = (row.sum() / row.len() as f64, row.dot(&row).sqrt());
            let whole = [(mean, g.mean[position]), (norm, g.norm[position])];
            for (found, expected) in row.iter().copied().zip(g.hidden[position].iter().copied()).chain(whole) {
                // In the total order a NaN is the furthest of all.
                let distance = (found - expected).abs();
                if distance.total_cmp(&furthest).is_gt() {
                    (furthest, place) = (distance, format!("{}, token {position}", g.name));
                }
            }
        }
    }
    assert!(furthest <= TOLERANCE, "hidden states of {folder} differ by {furthest:e} at {place}");
}

fn logits_are_the_reference(folder: &str) {
    let (model, engine, golden) = open(folder);
    let mut examples = encode(&model, &golden);
    let alone = |g: &Golden| model.encoder.encode_alone(&example(g), g.dyads.len() - 1).expect("encodes");
    examples.extend(golden.iter().map(alone));
    let batch = Batch { examples };
    let logits = engine.logits(&batch).expect("scores");
    let together = golden.iter().flat_map(|g| g.logits.clone());
    let expected: Vec<[f64; 4]> = together.chain(golden.iter().map(|g| g.alone.logits)).collect();
    assert_eq!(batch.dyads(), expected.len());
    let (mut furthest, mut place) = (0.0f64, 0);
    for (dyad, expected) in expected.iter().enumerate() {
        for (found, expected) in logits.row(dyad).into_iter().zip(expected) {
            let distance = (f64::from(found) - expected).abs();
            if distance.total_cmp(&furthest).is_gt() {
                (furthest, place) = (distance, dyad);
            }
        }
    }
    assert!(furthest <= TOLERANCE, "logits of {folder} differ by {furthest:e} at dyad {place}");
}

#[test]
fn pieces_ids_and_roles_of_the_tiny_model_are_those_of_the_reference() {
    ids_are_the_reference("models/tiny");
}

#[test]
fn pieces_ids_and_roles_of_the_committed_model_are_those_of_the_reference() {
    ids_are_the_reference("models/minilm-stance");
}

#[test]
fn hidden_states_of_the_tiny_model_are_those_of_the_reference() {
    hidden_states_are_the_reference("models/tiny");
}

#[test]
fn hidden_states_of_the_committed_model_are_those_of_the_reference() {
    hidden_states_are_the_reference("models/minilm-stance");
}

#[test]
fn logits_of_the_tiny_model_are_those_of_the_reference() {
    logits_are_the_reference("models/tiny");
}

#[test]
fn logits_of_the_committed_model_are_those_of_the_reference() {
    logits_are_the_reference("models/minilm-stance");
}
