//! The training loop: weighted cross-entropy over all labelled dyads, early stopping on dev, calibration at the end.

use super::checkpoint::{self, Progress};
use super::examples::{Label, LabelledBatch, TrainSet};
use super::optimizer::AdamW;
use super::schedule::factor;
use super::teachers::lesson;
use crate::calibrate::{self, PRECISIONS, Scale, Thresholds};
use crate::encode::{EncodeError, Encoder};
use crate::engine::EngineError;
use crate::engine::torch::{Network, TorchEngine};
use crate::gold::GoldText;
use crate::look::{Answer, Looks};
use crate::metrics::classification::Confusion;
use crate::model::config::{EncoderConfig, SecondLook};
use crate::model::weights::Weights;
use crate::predict;
use crate::stance::Stance;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};

/// What a run is told. Recorded in `stance.json`.
#[derive(Debug, Clone, Serialize)]
pub struct TrainSettings {
    /// Passes over the data.
    pub epochs: usize,
    /// Texts in a batch.
    pub batch: usize,
    /// Peak learning rate of the top layer; the head learns at [`Self::head_factor`] times it.
    pub learning_rate: f64,
    /// The head starts from nothing and learns faster.
    pub head_factor: f64,
    /// Factor on the learning rate from each layer to the one below (Howard & Ruder 2018).
    pub layer_decay: f64,
    /// Share of the run that warms up.
    pub warmup: f64,
    /// AdamW's weight decay.
    pub weight_decay: f64,
    /// Dropout of states, attention and head.
    pub dropout: f64,
    /// Weight of each class in the loss, in label order.
    pub class_weights: [f32; 4],
    /// Share of a label that is spread over all classes (Szegedy et al. 2016).
    pub label_smoothing: f64,
    /// Share of the teachers in what a pair is taught of which they speak.
    pub teacher_share: f64,
    /// Seed of shuffling, renumbering, dropout and fresh weights.
    pub seed: u64,
    /// Stop after this many epochs without a better figure on dev.
    pub patience: usize,
    /// Share of the texts that are joined with another.
    pub mix: f64,
    /// Pairs of a text that are asked about alone besides; with none, the model takes no second look.
    pub pairs: usize,
    /// Computes in bfloat16 over single-precision weights.
    pub half: bool,
    /// Where checkpoints go, every [`Self::checkpoint_every`] updates; not part of the run's identity.
    #[serde(skip)]
    pub checkpoint: PathBuf,
    /// Updates between checkpoints.
    #[serde(skip)]
    pub checkpoint_every: usize,
    /// Go on from the last checkpoint.
    #[serde(skip)]
    pub resume: bool,
}

impl TrainSettings {
    /// What a dyad is taught `(4,)`, and how much it counts: its weight by those of the classes that it is taught.
    fn counted(&self, label: &Label) -> ([f32; 4], f32) {
        let share = |smoothing| lesson(label.stance, label.said, self.teacher_share as f32, smoothing);
        let class: f32 = share(0.0).iter().zip(self.class_weights).map(|(part, weight)| part * weight).sum();
        (share(self.label_smoothing as f32), label.weight * class)
    }
}

/// Training cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Nothing to learn from.
    #[error("no labelled pair in the training files")]
    Empty,
    /// The loss left the numbers.
    #[error("the loss is {loss} at update {step}: lower --learning-rate")]
    Diverged {
        /// Update, from 1.
        step: usize,
        /// Its loss.
        loss: f64,
    },
    /// The tokenizer refused.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// libtorch refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A checkpoint cannot be written or read, or weights do not fit.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// A trained model.
pub struct Outcome {
    /// All variables.
    pub weights: Weights,
    /// `(epoch, dev macro-F1 over the three stances)`; empty without dev texts.
    pub history: Vec<(usize, f64)>,
    /// `None` without texts to calibrate on.
    pub calibration: Option<Calibration>,
}

/// What the held-out texts say of a model's probabilities.
pub struct Calibration {
    /// Fitted on the answers of a first look.
    pub scale: Scale,
    /// Fitted on the answers of a second, for a model that takes one.
    pub second_look: Option<SecondLook>,
    /// Review thresholds for each of [`PRECISIONS`].
    pub thresholds: Vec<(f64, Thresholds)>,
    /// Negative log-likelihood of a first look by the softmax itself and on the fitted scale.
    pub loss: (f64, f64),
}

/// Tokens with padding that go through the encoder together; a batch of more adds up its gradients, so that memory is
/// bounded and the update the same.
const PADDED_TOKENS: usize = 16_384;

/// Gradient norm above which an update is scaled down.
const CLIP: f64 = 1.0;

/// Trains on `train`, chooses the epoch on `dev` (without it, the last), calibrates on `calibration` (neither is trained
/// on). `report` gets a line of progress now and then: update, updates in all, mean loss since the last line, dev figure if
/// just measured.
///
/// # Errors
/// If there is nothing to learn, the loss diverges, or a checkpoint cannot be written.
pub fn fit(
    start: &Weights,
    config: &EncoderConfig,
    encoder: &Encoder,
    train: &TrainSet,
    dev: &[GoldText],
    calibration: &[GoldText],
    settings: &TrainSettings,
    mut report: impl FnMut(usize, usize, f64, Option<&Confusion>),
) -> Result<Outcome, TrainError> {
    if train.is_empty() {
        return Err(TrainError::Empty);
    }
    let mut config = config.clone();
    config.hidden_dropout_prob = settings.dropout;
    config.attention_probs_dropout_prob = settings.dropout;
    tch::manual_seed(settings.seed as i64);
    let device = Device::cuda_if_available();
    let mut network = Network::new(&config, device)?;
    network.load(start).map_err(anyhow::Error::from)?;
    let layers = config.num_hidden_layers as i32;
    let rate = |name: &str| {
        if name.starts_with("head.") {
            settings.head_factor
        } else if let Some(layer) = name.strip_prefix("encoder.layer.").and_then(|n| n.split('.').next()) {
            settings.layer_decay.powi(layers - 1 - layer.parse::<i32>().unwrap_or(0))
        } else {
            settings.layer_decay.powi(layers)
        }
    };
    let mut optimizer = AdamW::new(network.named(), rate, settings.weight_decay);
    if settings.half {
        network.store.bfloat16();
    }
    let fingerprint =
        format!("{} {}", train.fingerprint(), serde_json::to_string(settings).map_err(anyhow::Error::from)?);
    let mut progress = Progress { fingerprint: fingerprint.clone(), step: 0, best: None };
    if settings.resume
        && let Some(saved) = checkpoint::resume(&settings.checkpoint, &fingerprint, &mut optimizer)?
    {
        progress = saved;
    }

    let mut history = Vec::new();
    let mut step = 0;
    'run: for epoch in 1..=settings.epochs {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed ^ (epoch as u64) << 32);
        let batches = train.epoch(encoder, settings.batch, settings.mix, settings.pairs, &mut rng)?;
        let total = batches.len() * settings.epochs;
        let (mut loss_sum, mut losses) = (0.0, 0usize);
        for batch in &batches {
            step += 1;
            let noise: i64 = rng.random();
            if step <= progress.step {
                continue;
            }
            tch::manual_seed(noise);
            let loss = update(&network, &mut optimizer, batch, settings, step, total)?;
            (loss_sum, losses) = (loss_sum + loss, losses + 1);
            // A first word soon: fifty updates take minutes on a laptop.
            if step == 10 || step.is_multiple_of(50) {
                report(step, total, loss_sum / losses as f64, None);
                (loss_sum, losses) = (0.0, 0);
            }
            if step.is_multiple_of(settings.checkpoint_every) {
                progress.step = step;
                checkpoint::save(&settings.checkpoint, &progress, &optimizer)?;
            }
        }
        if step <= progress.step && !step.is_multiple_of(settings.checkpoint_every) {
            continue;
        }
        let loss = loss_sum / losses.max(1) as f64;
        if dev.is_empty() {
            report(step, total, loss, None);
        } else {
            let engine = TorchEngine::new(&config, &optimizer.weights(), device)?;
            let looks =
                Looks { encoder, engine: &engine, scale: Scale::PLAIN, second: second_look(settings, Scale::PLAIN) };
            let confusion = confusion(&looks, dev)?;
            let figure = confusion.macro_f1(&Stance::POSITIONS);
            report(step, total, loss, Some(&confusion));
            history.push((epoch, figure));
            if progress.best.is_none_or(|(best, _)| figure > best) {
                progress.best = Some((figure, epoch));
                checkpoint::save_best(&settings.checkpoint, &optimizer)?;
            } else if progress.best.is_some_and(|(_, at)| epoch - at >= settings.patience) {
                break 'run;
            }
        }
        progress.step = step;
        checkpoint::save(&settings.checkpoint, &progress, &optimizer)?;
    }

    let mut weights = optimizer.weights();
    if progress.best.is_some() {
        for (name, tensor) in checkpoint::load_best(&settings.checkpoint)? {
            weights.insert(name, crate::engine::torch::stored(&tensor));
        }
    }
    let engine = TorchEngine::new(&config, &weights, device)?;
    let calibration =
        calibrated(Looks { encoder, engine: &engine, scale: Scale::PLAIN, second: None }, calibration, settings)?;
    Ok(Outcome { weights, history, calibration })
}

/// Probability of the likeliest label below which a new model looks at a dyad a second time. Higher gains little on
/// the development sets and costs passes (`docs/experiments.md`).
const DOUBTFUL: f64 = 0.7;

fn second_look(settings: &TrainSettings, scale: Scale) -> Option<SecondLook> {
    (settings.pairs > 0).then_some(SecondLook::new(DOUBTFUL, scale))
}

/// Scales and thresholds, one look after the other; `looks` takes one look.
fn calibrated(
    mut looks: Looks<'_>,
    texts: &[GoldText],
    settings: &TrainSettings,
) -> Result<Option<Calibration>, TrainError> {
    let once = labelled(&looks, texts)?;
    if once.is_empty() {
        return Ok(None);
    }
    let logits = |answers: &[(Answer, Stance)]| answers.iter().map(|(a, gold)| (a.logits, *gold)).collect::<Vec<_>>();
    let before = calibrate::nll(&logits(&once), Scale::PLAIN);
    looks.scale = calibrate::fit_scale(&logits(&once));
    let after = calibrate::nll(&logits(&once), looks.scale);
    looks.second = second_look(settings, Scale::PLAIN);
    let answers = labelled(&looks, texts)?;
    let again: Vec<_> = answers.iter().filter(|(answer, _)| answer.alone).copied().collect();
    let second = calibrate::fit_scale(&logits(&again));
    looks.second = second_look(settings, second);
    let scale = |answer: &Answer| if answer.alone { second } else { looks.scale };
    let probs: Vec<_> = answers.iter().map(|(a, gold)| (scale(a).probs(a.logits), *gold)).collect();
    let thresholds = |p| Thresholds(Stance::ALL.map(|s| calibrate::fit_threshold(&probs, s, p)));
    Ok(Some(Calibration {
        scale: looks.scale,
        second_look: looks.second,
        thresholds: PRECISIONS.map(|p| (p, thresholds(p))).to_vec(),
        loss: (before, after),
    }))
}

/// One update; returns its loss.
fn update(
    network: &Network,
    optimizer: &mut AdamW,
    batch: &LabelledBatch,
    settings: &TrainSettings,
    step: usize,
    total: usize,
) -> Result<f64, TrainError> {
    optimizer.zero_grad();
    let whole: f32 = batch.labels.iter().map(|label| settings.counted(label).1).sum();
    let mut value = 0.0;
    for part in batch.parts(PADDED_TOKENS) {
        let loss = loss(network, &part, settings)? / f64::from(whole);
        loss.backward();
        value += loss.double_value(&[]);
    }
    let norm = optimizer.clip(CLIP);
    if !value.is_finite() || !norm.is_finite() {
        return Err(TrainError::Diverged { step, loss: value });
    }
    optimizer.step(step, settings.learning_rate * factor(step - 1, total, settings.warmup));
    Ok(value)
}

/// Weighted sum of the cross-entropies of a batch, on the graph.
fn loss(network: &Network, batch: &LabelledBatch, settings: &TrainSettings) -> Result<Tensor, EngineError> {
    let device = network.store.device();
    let logits = network.forward(&batch.examples, true)?.to_kind(Kind::Float);
    let (targets, weights): (Vec<_>, Vec<_>) = batch.labels.iter().map(|label| settings.counted(label)).unzip();
    let targets = Tensor::from_slice(&targets.concat()).view([-1, 4]).to_device(device);
    let weights = Tensor::from_slice(&weights).to_device(device);
    let each = -(targets * logits.log_softmax(-1, Kind::Float)).sum_dim_intlist(-1, false, Kind::Float);
    Ok((each * &weights).sum(Kind::Float))
}

/// The answer for every pair of the texts, with its gold label.
fn labelled(looks: &Looks<'_>, texts: &[GoldText]) -> Result<Vec<(Answer, Stance)>, TrainError> {
    let answers = predict::score(texts, looks).map_err(anyhow::Error::from)?;
    let gold = texts.iter().flat_map(|t| t.pairs.iter().map(|p| p.stance));
    Ok(answers.into_iter().flatten().zip(gold).collect())
}

fn confusion(looks: &Looks<'_>, texts: &[GoldText]) -> Result<Confusion, TrainError> {
    let answers = labelled(looks, texts)?;
    Ok(Confusion::of(answers.into_iter().map(|(a, gold)| (gold, a.probs.best()))))
}
