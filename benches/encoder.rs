//! Speed of the embedded engine: tokens a second, and its share of the machine's own f32 matrix-product peak.
//!
//! One thread, 32 examples of 64 tokens, on a freshly made network of `MiniLM`'s shape: weights do not change speed.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use demarche::encode::{Batch, EncodedExample};
use demarche::engine::Engine as _;
use demarche::engine::cpu::{CpuEngine, matmul};
use demarche::model::config::{EncoderConfig, label_map};
use demarche::model::weights::{Tensor, Weights};
use ndarray::Array2;

const BATCH: usize = 32;
const LENGTH: usize = 64;

fn config() -> EncoderConfig {
    EncoderConfig {
        model_type: "bert".into(),
        vocab_size: 30_522,
        hidden_size: 384,
        num_hidden_layers: 6,
        num_attention_heads: 12,
        intermediate_size: 1536,
        hidden_act: "gelu".into(),
        max_position_embeddings: 512,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
        hidden_dropout_prob: 0.1,
        attention_probs_dropout_prob: 0.1,
        initializer_range: 0.02,
        id2label: label_map(),
    }
}

/// Small, varied weights under every name that the engine asks for.
fn weights(c: &EncoderConfig) -> Weights {
    let mut weights = Weights::default();
    let mut put = |name: String, shape: Vec<usize>| {
        let n = shape.iter().product();
        let values = (0..n).map(|i: usize| ((i * 37 % 101) as f32 - 50.0) / 2500.0).collect();
        weights.insert(name, Tensor { shape, values });
    };
    let (h, inner) = (c.hidden_size, c.intermediate_size);
    put("embeddings.word_embeddings.weight".into(), vec![c.vocab_size, h]);
    put("embeddings.position_embeddings.weight".into(), vec![c.max_position_embeddings, h]);
    put("embeddings.token_type_embeddings.weight".into(), vec![c.type_vocab_size, h]);
    let mut linear = |name: &str, out: usize, input: usize| {
        put(format!("{name}.weight"), vec![out, input]);
        put(format!("{name}.bias"), vec![out]);
    };
    linear("head.dense", h, 3 * h);
    linear("head.out", 4, h);
    for layer in 0..c.num_hidden_layers {
        let at = |part: &str| format!("encoder.layer.{layer}.{part}");
        for part in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
            linear(&at(part), h, h);
        }
        linear(&at("intermediate.dense"), inner, h);
        linear(&at("output.dense"), h, inner);
    }
    let norms = (0..c.num_hidden_layers)
        .flat_map(|l| ["attention.output.LayerNorm", "output.LayerNorm"].map(|n| format!("encoder.layer.{l}.{n}")))
        .chain(["embeddings.LayerNorm".to_owned()]);
    for norm in norms {
        put(format!("{norm}.weight"), vec![h]);
        put(format!("{norm}.bias"), vec![h]);
    }
    weights
}

fn forward(criterion: &mut Criterion) {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("set once");
    let config = config();
    let engine = CpuEngine::new(&config, &weights(&config)).expect("complete weights");
    let example = |i: usize| EncodedExample {
        ids: (0..LENGTH).map(|j| ((i * 977 + j * 131) % 30_000) as u32).collect(),
        roles: vec![vec![3], vec![9]],
        dyads: vec![(0, 1), (1, 0)],
        cut: 0,
    };
    let batch = Batch { examples: (0..BATCH).map(example).collect() };
    let mut group = criterion.benchmark_group("forward");
    group.sample_size(20).throughput(Throughput::Elements(batch.tokens() as u64));
    group.bench_function("cpu engine, tokens (32 x 64, 1 thread)", |b| {
        b.iter(|| engine.logits(&batch).expect("a valid batch"));
    });
    group.finish();

    // 2 FLOP a multiply-add; per token 12 h² weights a layer in the dense maps.
    let (m, k, n) = (512, 384, 1536);
    let (a, b) = (Array2::<f32>::ones((m, k)), Array2::<f32>::ones((k, n)));
    let mut out = Array2::zeros((m, n));
    let mut group = criterion.benchmark_group("peak");
    let flops = 2 * m * k * n;
    // One token of the encoder's dense maps is 2 · 12 · 384² · 6 = 21.2 MFLOP: the peak in the same unit.
    group.throughput(Throughput::Elements((flops / (2 * 12 * 384 * 384 * 6)) as u64));
    group.bench_function("matrix product, tokens' worth (512 x 384 x 1536)", |bench| {
        bench.iter(|| matmul(a.view(), b.view(), out.view_mut(), 1.0, false));
    });
    group.finish();
}

criterion_group!(benches, forward);
criterion_main!(benches);
