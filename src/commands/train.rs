//! `demarche train`: fine-tunes on labelled texts and writes a model folder; with `--corrections` it adapts a model.

use super::adaptation::{Change, Judged, ensure_share, names, new_name};
use crate::cli::TrainArgs;
use crate::encode::{Encoder, PAIR_TOKENS, ROLES, role_token};
use crate::engine::cpu::CpuEngine;
use crate::gold::{self, GoldText};
use crate::held_out::{drawn, split};
use crate::metrics::classification::Confusion;
use crate::model::Model;
use crate::model::config::{EncoderConfig, INPUT_FORM, StanceConfig, label_map, precision_key};
use crate::model::folder::{read_json, write};
use crate::model::weights::Weights;
use crate::stance::Stance;
use crate::train::{Outcome, Source, Teachers, TrainSet, TrainSettings, fit};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::path::Path;

/// Share of the training texts that is kept back for calibration.
const CALIBRATION_SHARE: f64 = 0.06;
/// Longest example in tokens.
const MAX_TOKENS: usize = 256;
/// A weight that start weights without a head lack.
const HEAD: &str = "head.out.weight";
/// Pairs of a text that are asked about alone.
const PAIRS: usize = 4;
/// Budget of a passage with context, in tokens.
const CONTEXT_TOKENS: usize = 128;

/// What a run is for.
enum Purpose {
    /// A model of its own, calibrated on these texts.
    Fresh { calibration: Vec<GoldText> },
    /// This model, adapted to corrections.
    Adaptation { model: Box<Model>, judged: Judged },
}

/// What training starts from.
struct Start {
    config: EncoderConfig,
    tokenizer: Vec<u8>,
    encoder: Encoder,
    weights: Weights,
}

/// Runs the command; what an adaptation gained and lost goes to `out`.
///
/// # Errors
/// If an input cannot be read, training diverges, or the folder cannot be written.
#[expect(clippy::print_stderr, reason = "progress of a long run")]
pub fn run(args: &TrainArgs, out: &mut dyn Write) -> Result<()> {
    let name = new_name(&args.output, &args.start)?;
    let (sources, purpose) = if args.corrections.is_empty() { fresh(args)? } else { adaptation(args)? };
    let max_tokens = match &purpose {
        Purpose::Fresh { .. } => MAX_TOKENS,
        Purpose::Adaptation { model, .. } => model.stance.max_tokens,
    };
    let start = Start::open(&args.start, max_tokens)?;
    let mut dev = Vec::new();
    for path in &args.dev {
        dev.extend(gold::read(path)?);
    }
    let calibration = if let Purpose::Fresh { calibration } = &purpose { &calibration[..] } else { &[] };
    let settings = settings(args, &purpose, &start.weights)?;
    let train = TrainSet::new(sources, 0.5).taught_by(&Teachers::read(&args.teachers)?)?;
    eprintln!(
        "training on {} texts, pairs none/recognize/engage/condemn {:?}, {} with teachers; {} texts kept back for calibration; dev {}",
        train.len(),
        train.label_counts(),
        train.taught_pairs(),
        calibration.len(),
        dev.len()
    );
    let started = std::time::Instant::now();
    let Start { config, encoder, .. } = &start;
    let outcome =
        fit(&start.weights, config, encoder, &train, &dev, calibration, &settings, |step, total, loss, dev| {
            let minutes = started.elapsed().as_secs_f64() / 60.0;
            eprintln!(
                "{minutes:6.1} min  update {step}/{total}  loss {loss:.4}{}",
                dev.map(dev_line).unwrap_or_default()
            );
        })?;
    let training = json!({
        "settings": settings,
        "files": args.gold.iter().map(|f| f.rsplit('/').next().unwrap_or(f)).collect::<Vec<_>>(),
        "texts": train.len(),
        "pairs": train.label_counts(),
        "teachers": names(&args.teachers),
        "taught_pairs": train.taught_pairs(),
        "dev_macro_f1": outcome.history,
        "minutes": (started.elapsed().as_secs_f64() / 6.0).round() / 10.0,
    });
    let (stance, made) = match &purpose {
        Purpose::Fresh { .. } => described(name, &start, training, &outcome)?,
        Purpose::Adaptation { model, judged } => {
            let changes = judged.changes(model, &CpuEngine::new(config, &outcome.weights)?)?;
            judged.write(&changes, out)?;
            let stance = StanceConfig {
                name,
                training: json!({
                    "adaptation": training, "corrections": names(&args.corrections),
                    "correction_weight": args.correction_weight,
                    "figures": changes.iter().map(Change::record).collect::<Vec<_>>(),
                    "from": { "name": model.stance.name, "sha256": model.checksum }, "before": model.stance.training,
                }),
                // Calibration and thresholds too: what is replayed is what the model was trained on, and would flatter it.
                ..model.stance.clone()
            };
            let made = format!(
                "`{}` adapted to corrections by `demarche train`; calibration and review thresholds are its own. Settings and \
                 figures before and after are in `stance.json`.\n",
                model.stance.name
            );
            (stance, made)
        }
    };
    write(&args.output, config, &stance, &start.tokenizer, &outcome.weights, &card(&stance, &made))?;
    eprintln!("wrote {}", args.output.display());
    Ok(())
}

fn settings(args: &TrainArgs, purpose: &Purpose, start: &Weights) -> Result<TrainSettings> {
    let class_weights: [f32; 4] = args.class_weights.clone().try_into().map_err(|w: Vec<f32>| {
        anyhow::anyhow!("--class-weights takes 4 numbers (none, recognize, engage, condemn), not {}", w.len())
    })?;
    let share = args.teacher_share;
    ensure!((0.0..=1.0).contains(&share), "--teacher-share {share} is no share; give a number from 0 to 1");
    ensure!((0.0..=1.0).contains(&args.mix), "--mix {} is no share of the texts; give a number from 0 to 1", args.mix);
    Ok(TrainSettings {
        epochs: args.epochs,
        batch: args.batch,
        learning_rate: args.learning_rate,
        // A fresh head starts from nothing and learns faster.
        head_factor: if start.get(HEAD).is_some() { 1.0 } else { 5.0 },
        layer_decay: 0.9,
        warmup: 0.06,
        weight_decay: 0.01,
        dropout: 0.1,
        class_weights,
        label_smoothing: 0.03,
        teacher_share: if args.teachers.is_empty() { 0.0 } else { share },
        seed: args.seed,
        patience: args.patience.unwrap_or(args.epochs),
        mix: args.mix,
        pairs: pairs(args, purpose)?,
        half: args.bf16,
        checkpoint: args.checkpoint.clone(),
        checkpoint_every: 200,
        resume: args.resume,
    })
}

/// Pairs of a text that are asked about alone. An adapted model takes the looks that it took before.
fn pairs(args: &TrainArgs, purpose: &Purpose) -> Result<usize> {
    ensure!(
        args.pairs != Some(1),
        "--pairs 1: a second look is learnt from pairs with a stance and without; give 0, or 2 and more"
    );
    let looks_twice = match purpose {
        Purpose::Fresh { .. } => return Ok(args.pairs.unwrap_or(PAIRS)),
        Purpose::Adaptation { model, .. } => model.stance.second_look.is_some(),
    };
    let pairs = args.pairs.unwrap_or(if looks_twice { PAIRS } else { 0 });
    ensure!(
        looks_twice == (pairs > 0),
        "--pairs {pairs}: the model {} a second look, and an adaptation does not change that; leave --pairs out",
        if looks_twice { "takes" } else { "does not take" }
    );
    Ok(pairs)
}

/// The training files, each with its weight.
fn sources(gold: &[String]) -> Result<Vec<Source>> {
    gold.iter()
        .map(|argument| {
            let (path, weight) = match argument.rsplit_once('@') {
                Some((path, weight)) => {
                    (path, weight.parse().with_context(|| format!("`{argument}`: the weight after @ is not a number"))?)
                }
                None => (argument.as_str(), 1.0),
            };
            Ok(Source { texts: gold::read(Path::new(path))?, weight })
        })
        .collect()
}

/// Keeps texts back for calibration; those of files that count less than fully do not calibrate.
fn fresh(args: &TrainArgs) -> Result<(Vec<Source>, Purpose)> {
    let mut calibration = Vec::new();
    let mut parted = Vec::new();
    for Source { texts, weight } in sources(&args.gold)? {
        let (kept, texts) = texts.into_iter().partition::<Vec<_>, _>(|t| drawn(&t.id, CALIBRATION_SHARE));
        if weight >= 1.0 {
            calibration.extend(kept);
        }
        parted.push(Source { texts, weight });
    }
    ensure!(!calibration.is_empty(), "no text to calibrate on: give at least one file a weight of 1 or more");
    Ok((parted, Purpose::Fresh { calibration }))
}

/// Keeps corrections and replay back to judge on. Texts without a labelled pair only join others, and all stay.
fn adaptation(args: &TrainArgs) -> Result<(Vec<Source>, Purpose)> {
    ensure_share(args.held_out)?;
    let weight = args.correction_weight;
    ensure!(weight.is_finite() && weight > 0.0, "--correction-weight {weight} is not a positive number");
    let model = Model::open(&args.start).context("--corrections adapts a demarche model, given by --start")?;
    let mut corrections = Vec::new();
    for path in &args.corrections {
        corrections.extend(gold::read(path)?.into_iter().map(|text| (text, weight)));
    }
    let old = sources(&args.gold)?.into_iter().flat_map(|s| s.texts.into_iter().map(move |text| (text, s.weight)));
    let (replay, silent): (Vec<_>, Vec<_>) = old.partition(|(text, _)| !text.pairs.is_empty());
    corrections.retain(|(text, _)| !text.pairs.is_empty());
    let [mut corrections, mut replay] = split([corrections, replay], args.held_out, |(text, _)| text);
    let judged = Judged::of([&mut corrections, &mut replay], args.held_out, |(text, _)| text)?;
    let learned = corrections.learn.into_iter().chain(replay.learn).chain(silent);
    let sources = learned.map(|(text, weight)| Source { texts: vec![text], weight }).collect();
    Ok((sources, Purpose::Adaptation { model: Box::new(model), judged }))
}

impl Start {
    fn open(folder: &Path, max_tokens: usize) -> Result<Self> {
        let config: EncoderConfig = read_json(&folder.join("config.json"))?;
        if let Some(defect) = config.defect() {
            anyhow::bail!("{}: {defect}", folder.display());
        }
        let config = EncoderConfig { id2label: label_map(), ..config };
        let tokenizer = with_roles(&fs::read(folder.join("tokenizer.json")).context("start tokenizer")?)?;
        let written = tempfile::tempdir()?;
        let path = written.path().join("tokenizer.json");
        fs::write(&path, &tokenizer)?;
        let encoder = Encoder::open(&path, max_tokens.min(config.max_position_embeddings))?;
        let path = folder.join("model.safetensors");
        let bytes = fs::read(&path).with_context(|| format!("start weights {}", path.display()))?;
        let weights = Weights::parse(&bytes).with_context(|| format!("start weights {}", path.display()))?;
        Ok(Self { config, tokenizer, encoder, weights })
    }
}

/// A fresh model's `stance.json`, and its card's words.
fn described(
    name: String,
    start: &Start,
    training: serde_json::Value,
    outcome: &Outcome,
) -> Result<(StanceConfig, String)> {
    let calibration = outcome.calibration.as_ref();
    let calibration = calibration.context("the texts to calibrate on hold no labelled pair")?;
    let stance = StanceConfig {
        name,
        input_form: INPUT_FORM.to_owned(),
        roles: ROLES,
        max_tokens: MAX_TOKENS.min(start.config.max_position_embeddings),
        context_tokens: CONTEXT_TOKENS,
        temperature: calibration.scale.temperature,
        smoothing: calibration.scale.smoothing,
        second_look: calibration.second_look,
        thresholds: calibration.thresholds.iter().map(|(p, t)| (precision_key(*p), t.by_label())).collect(),
        registry_version: crate::model::config::UNKNOWN_REGISTRY.to_owned(),
        training,
    };
    let history: String = outcome.history.iter().map(|(epoch, f1)| format!("| {epoch} | {f1:.4} |\n")).collect();
    let made = format!(
        "Written by `demarche train`.\n\n| epoch | macro-F1 of the three stances on dev |\n|---|---|\n{history}\n\
         Temperature {:.4} and smoothing {:.3}, fitted on texts held out of training: negative log-likelihood {:.4} → {:.4}.\n",
        calibration.scale.temperature, calibration.scale.smoothing, calibration.loss.0, calibration.loss.1,
    );
    Ok((stance, made))
}

fn dev_line(confusion: &Confusion) -> String {
    let f1 = Stance::POSITIONS.map(|s| format!("{s} {:.3}", confusion.class(s).f1)).join("  ");
    format!("  dev macro-F1 {:.4}  accuracy {:.4}  {f1}", confusion.macro_f1(&Stance::POSITIONS), confusion.accuracy())
}

/// A BERT tokenizer with its first unused entries renamed to role tokens, which keep their ids and rows.
fn with_roles(tokenizer: &[u8]) -> Result<Vec<u8>> {
    let mut json: serde_json::Value = serde_json::from_slice(tokenizer).context("tokenizer.json")?;
    let vocabulary = json.pointer_mut("/model/vocab").and_then(|v| v.as_object_mut()).context("no /model/vocab")?;
    let mut added = Vec::new();
    let roles = (0..ROLES).map(role_token).chain(PAIR_TOKENS.map(str::to_owned));
    for (slot, role) in roles.enumerate() {
        let id = match vocabulary.get(&role) {
            Some(id) => id.clone(),
            None => {
                let unused = format!("[unused{}]", slot + 1);
                let id = vocabulary.remove(&unused).with_context(|| format!("the vocabulary has no `{unused}`"))?;
                vocabulary.insert(role.clone(), id.clone());
                id
            }
        };
        added.push(serde_json::json!({
            "id": id, "content": role, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true,
        }));
    }
    let list = json.get_mut("added_tokens").and_then(|v| v.as_array_mut()).context("no /added_tokens")?;
    list.retain(|t| !added.iter().any(|a| a["content"] == t["content"]));
    list.extend(added);
    list.sort_by_key(|t| t["id"].as_u64());
    ensure!(list.iter().all(|t| t["id"].is_u64()), "added tokens without ids");
    json["padding"] = serde_json::Value::Null;
    json["truncation"] = serde_json::Value::Null;
    Ok(serde_json::to_vec(&json)?)
}

fn card(stance: &StanceConfig, made: &str) -> String {
    format!(
        "---\nlanguage: en\nlicense: apache-2.0\nlibrary_name: demarche\npipeline_tag: text-classification\n---\n\n# {}\n\n\
         Stance of one polity toward another in news text: `none`, `recognize`, `engage`, `condemn`. Input form `{}`.\n\n{made}",
        stance.name, stance.input_form,
    )
}
