//! The committed model on both engines and in every company: alone, batched, reordered, on libtorch.

use demarche::encode::{Batch, EncodedExample};
use demarche::engine::Engine;
use demarche::gold;
use demarche::model::Model;
use demarche::predict::examples;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn model() -> Model {
    Model::open(&root().join("models/minilm-stance")).expect("the committed model opens")
}

/// Two hundred real passages.
fn passages(model: &Model) -> Vec<EncodedExample> {
    let texts = gold::read(&root().join("datasets/composed/passages_c.jsonl")).expect("the composed passages");
    let encode = |text| examples(text).into_iter().map(|(e, _)| model.encoder.encode(&e).expect("encodes"));
    texts.iter().flat_map(encode).take(200).collect()
}

fn logits(engine: &dyn Engine, examples: &[EncodedExample]) -> Vec<[f32; 4]> {
    let batch = Batch { examples: examples.to_vec() };
    let logits = engine.logits(&batch).expect("scores");
    (0..batch.dyads()).map(|row| logits.row(row)).collect()
}

fn furthest(a: &[[f32; 4]], b: &[[f32; 4]]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().flatten().zip(b.iter().flatten()).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
}

#[test]
fn a_passage_scores_the_same_to_the_bit_alone_batched_and_in_another_order() {
    let model = model();
    let engine = model.cpu_engine().expect("complete weights");
    let examples = passages(&model);
    assert_eq!(examples.len(), 200);
    let batched = logits(&engine, &examples);
    let alone: Vec<[f32; 4]> = examples.iter().flat_map(|e| logits(&engine, std::slice::from_ref(e))).collect();
    assert!(batched == alone, "alone differs by {}", furthest(&batched, &alone));
    // One dyad at a time: the head must not see how many there are.
    let single = |e: &EncodedExample| {
        let one = |dyad: &(usize, usize)| EncodedExample { dyads: vec![*dyad], ..e.clone() };
        logits(&engine, &e.dyads.iter().map(one).take(1).collect::<Vec<_>>())
    };
    let mut row = 0;
    for example in &examples[..40] {
        assert_eq!(single(example), batched[row..=row]);
        row += example.dyads.len();
    }
    let reversed: Vec<EncodedExample> = examples.iter().rev().cloned().collect();
    let mut back: Vec<Vec<[f32; 4]>> = Vec::new();
    let mut rows = logits(&engine, &reversed).into_iter();
    for example in &reversed {
        back.push(rows.by_ref().take(example.dyads.len()).collect());
    }
    let back: Vec<[f32; 4]> = back.into_iter().rev().flatten().collect();
    assert!(batched == back, "reordered differs by {}", furthest(&batched, &back));
}

#[cfg(feature = "torch")]
mod torch {
    use super::*;
    use demarche::engine::torch::{Network, TorchEngine};

    #[test]
    fn both_engines_agree_on_every_logit() {
        let model = model();
        let cpu = model.cpu_engine().expect("complete weights");
        let torch = TorchEngine::new(&model.config, &model.weights, tch::Device::Cpu).expect("complete weights");
        let examples = passages(&model);
        let distance = furthest(&logits(&cpu, &examples), &logits(&torch, &examples));
        assert!(distance <= 1e-4, "engines differ by {distance}");
    }

    #[test]
    fn every_variable_receives_a_gradient() {
        let model = model();
        let mut network = Network::new(&model.config, tch::Device::Cpu).expect("a network");
        assert!(network.load(&model.weights).expect("fits").is_empty());
        let examples = passages(&model);
        let loss = network.forward(&examples[..8], false).expect("scores").square().sum(tch::Kind::Float);
        loss.backward();
        let named = network.named();
        assert_eq!(named.len(), 105);
        for (name, variable) in named {
            // A softmax does not change when all its inputs shift: the key's bias has no gradient but rounding.
            let gradient = variable.grad();
            assert!(gradient.defined(), "{name} has no gradient");
            let size = gradient.abs().max().double_value(&[]);
            assert!(size > 0.0, "{name} has a zero gradient");
        }
    }
}
