//! One round of the embedded engine at a time, on command: the half of `scripts/onnx_compare.py` that is ours.
//!
//! `encoder_speed MODEL_FOLDER` says `ready`, then for every line `go` on standard input runs 32 examples of 64 tokens on
//! one thread and answers with the seconds that took. A round is the whole `Engine::logits`: encoder and head, two dyads
//! an example.

use anyhow::{Context as _, bail};
use demarche::encode::{Batch, EncodedExample};
use demarche::engine::Engine as _;
use demarche::model::Model;
use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::time::Instant;

const BATCH: usize = 32;
const LENGTH: usize = 64;

/// The ids that `onnx_compare.py` makes too; what they are does not change speed.
fn batch(vocabulary: usize) -> Batch {
    let example = |i: usize| EncodedExample {
        ids: (0..LENGTH).map(|j| ((i * 977 + j * 131) % vocabulary) as u32).collect(),
        roles: vec![vec![3], vec![9]],
        dyads: vec![(0, 1), (1, 0)],
        cut: 0,
    };
    Batch { examples: (0..BATCH).map(example).collect() }
}

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).context("usage: encoder_speed MODEL_FOLDER")?);
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let model = Model::open(&folder)?;
    let engine = model.cpu_engine()?;
    let batch = batch(model.config.vocab_size);
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready")?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        match line?.trim() {
            "go" => {
                let start = Instant::now();
                let logits = engine.logits(&batch)?;
                let seconds = start.elapsed().as_secs_f64();
                if logits.0.iter().any(|x| !x.is_finite()) {
                    bail!("a logit is not finite");
                }
                writeln!(out, "{seconds:.6}")?;
                out.flush()?;
            }
            other => bail!("expected `go`, found `{other}`"),
        }
    }
    Ok(())
}
