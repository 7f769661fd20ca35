//! `demarche train`: fine-tunes on labelled texts and writes a model folder.

use crate::cli::TrainArgs;
use crate::encode::{Encoder, ROLES, role_token};
use crate::gold;
use crate::metrics::classification::Confusion;
use crate::model::config::{EncoderConfig, INPUT_FORM, StanceConfig, label_map, precision_key};
use crate::model::folder::{read_json, write};
use crate::model::weights::Weights;
use crate::stance::Stance;
use crate::train::{Outcome, Source, TrainSet, TrainSettings, fit, held_out};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;

/// Share of the training texts that is kept back for calibration.
const CALIBRATION_SHARE: f64 = 0.06;
/// Longest example in tokens.
const MAX_TOKENS: usize = 256;
/// Budget of a passage with context, in tokens.
const CONTEXT_TOKENS: usize = 112;

/// Runs the command.
///
/// # Errors
/// If an input cannot be read, training diverges, or the folder cannot be written.
#[expect(clippy::print_stderr, reason = "progress of a long run")]
pub fn run(args: &TrainArgs) -> Result<()> {
    let class_weights: [f32; 4] = args.class_weights.clone().try_into().map_err(|w: Vec<f32>| {
        anyhow::anyhow!("--class-weights takes 4 numbers (none, recognize, engage, condemn), not {}", w.len())
    })?;
    ensure!((0.0..=1.0).contains(&args.mix), "--mix {} is no share of the texts; give a number from 0 to 1", args.mix);
    let (mut sources, mut calibration) = (Vec::new(), Vec::new());
    for argument in &args.gold {
        let (path, weight) = match argument.rsplit_once('@') {
            Some((path, weight)) => {
                (path, weight.parse().with_context(|| format!("`{argument}`: the weight after @ is not a number"))?)
            }
            None => (argument.as_str(), 1.0),
        };
        let (held, texts) = gold::read(Path::new(path))?.into_iter().partition(|t| held_out(&t.id, CALIBRATION_SHARE));
        if weight >= 1.0 {
            calibration.extend::<Vec<_>>(held);
        }
        sources.push(Source { texts, weight });
    }
    let mut dev = Vec::new();
    for path in &args.dev {
        dev.extend(gold::read(path)?);
    }
    let config: EncoderConfig = read_json(&args.start.join("config.json"))?;
    if let Some(defect) = config.defect() {
        anyhow::bail!("{}: {defect}", args.start.display());
    }
    let config = EncoderConfig { id2label: label_map(), ..config };
    let tokenizer = with_roles(&fs::read(args.start.join("tokenizer.json")).context("start tokenizer")?)?;
    let folder = tempfile::tempdir()?;
    let tokenizer_path = folder.path().join("tokenizer.json");
    fs::write(&tokenizer_path, &tokenizer)?;
    let encoder = Encoder::open(&tokenizer_path, MAX_TOKENS.min(config.max_position_embeddings))?;
    let path = args.start.join("model.safetensors");
    let bytes = fs::read(&path).with_context(|| format!("start weights {}", path.display()))?;
    let start = Weights::parse(&bytes).with_context(|| format!("start weights {}", path.display()))?;

    let train = TrainSet::new(sources, 0.5);
    eprintln!(
        "training on {} texts, pairs none/recognize/engage/condemn {:?}; {} texts kept back for calibration; dev {}",
        train.len(),
        train.label_counts(),
        calibration.len(),
        dev.len()
    );
    let settings = TrainSettings {
        epochs: args.epochs,
        batch: args.batch,
        learning_rate: args.learning_rate,
        head_factor: 5.0,
        layer_decay: 0.9,
        warmup: 0.06,
        weight_decay: 0.01,
        dropout: 0.1,
        class_weights,
        label_smoothing: 0.03,
        seed: args.seed,
        patience: args.patience.unwrap_or(args.epochs),
        mix: args.mix,
        half: args.bf16,
        checkpoint: args.checkpoint.clone(),
        checkpoint_every: 200,
        resume: args.resume,
    };
    let started = std::time::Instant::now();
    let outcome = fit(&start, &config, &encoder, &train, &dev, &calibration, &settings, |step, total, loss, dev| {
        let minutes = started.elapsed().as_secs_f64() / 60.0;
        eprintln!("{minutes:6.1} min  update {step}/{total}  loss {loss:.4}{}", dev.map(dev_line).unwrap_or_default());
    })?;
    let name = args.output.file_name().map(|n| n.to_string_lossy().into_owned());
    let stance = StanceConfig {
        name: name.with_context(|| format!("{} has no folder name", args.output.display()))?,
        input_form: INPUT_FORM.to_owned(),
        roles: ROLES,
        max_tokens: MAX_TOKENS.min(config.max_position_embeddings),
        context_tokens: CONTEXT_TOKENS,
        temperature: outcome.temperature,
        thresholds: outcome.thresholds.iter().map(|(p, t)| (precision_key(*p), t.by_label())).collect(),
        registry_version: crate::model::config::UNKNOWN_REGISTRY.to_owned(),
        training: serde_json::json!({
            "settings": settings,
            "files": args.gold.iter().map(|f| f.rsplit('/').next().unwrap_or(f)).collect::<Vec<_>>(),
            "texts": train.len(),
            "pairs": train.label_counts(),
            "dev_macro_f1": outcome.history,
            "minutes": (started.elapsed().as_secs_f64() / 6.0).round() / 10.0,
        }),
    };
    let card = card(&stance, &outcome);
    write(&args.output, &config, &stance, &tokenizer, &outcome.weights, &card)?;
    eprintln!("wrote {}", args.output.display());
    Ok(())
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
    for slot in 0..ROLES {
        let role = role_token(slot);
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

fn card(stance: &StanceConfig, outcome: &Outcome) -> String {
    let history: String = outcome.history.iter().map(|(epoch, f1)| format!("| {epoch} | {f1:.4} |\n")).collect();
    format!(
        "---\nlanguage: en\nlicense: apache-2.0\nlibrary_name: demarche\npipeline_tag: text-classification\n---\n\n# {}\n\n\
         Stance of one polity toward another in news text: `none`, `recognize`, `engage`, `condemn`. Input form \
         `{}`; written by `demarche train`.\n\n\
         | epoch | macro-F1 of the three stances on dev |\n|---|---|\n{history}\n\
         Temperature {:.4}, fitted on texts held out of training: negative log-likelihood {:.4} → {:.4}.\n",
        stance.name, stance.input_form, stance.temperature, outcome.calibration.0, outcome.calibration.1,
    )
}
