//! Opens a model folder, checking every part against every other, and writes one.

use super::config::{EncoderConfig, StanceConfig};
use super::weights::{WeightError, Weights};
use crate::encode::{EncodeError, Encoder, PAIR_TOKENS};
use crate::engine::cpu::CpuEngine;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The files that `SHA256SUMS` covers.
pub const FILES: [&str; 4] = ["config.json", "stance.json", "tokenizer.json", "model.safetensors"];

/// A model folder cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file cannot be read or written.
    #[error("model file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is nothing that lists what the folder holds.
    #[error(
        "{path} is no model folder (SHA256SUMS: {source}); name one with --model, or --start where a model learns; \
         models/minilm-stance is sought in the working directory"
    )]
    Absent {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A JSON file does not have the expected fields.
    #[error("model file {path}: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The files are readable but not a model that this program runs.
    #[error("model folder {path}: {reason}")]
    Unfit {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file is not the one that was written.
    #[error("model file {path}: SHA-256 is {found}, SHA256SUMS says {expected}; fetch the folder again")]
    Checksum {
        /// The file.
        path: PathBuf,
        /// Digest of the file.
        found: String,
        /// Digest in `SHA256SUMS`.
        expected: String,
    },
    /// The weights do not fit `config.json`.
    #[error("model file {path}: {source}")]
    Weights {
        /// The file.
        path: PathBuf,
        /// Which tensor and why.
        source: WeightError,
    },
    /// The tokenizer cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] EncodeError),
}

/// A second look cannot be had as asked.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// No probability.
    #[error("--second-look {0} is no probability: give a number from 0 (never) to 1 (always)")]
    Range(f64),
    /// The model has one look.
    #[error("--second-look: the model `{0}` has not learned to look at a pair alone (`demarche train --pairs`)")]
    Unlearned(String),
}

/// An opened model folder.
pub struct Model {
    /// `config.json`.
    pub config: EncoderConfig,
    /// `stance.json`.
    pub stance: StanceConfig,
    /// `tokenizer.json`.
    pub encoder: Encoder,
    /// `model.safetensors`.
    pub weights: Weights,
    /// SHA-256 of `model.safetensors`, hexadecimal.
    pub checksum: String,
}

impl Model {
    /// Opens `folder` and checks checksums, configuration, label order, tokenizer and weights.
    ///
    /// # Errors
    /// If any part is missing, changed, or does not fit the others.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let digests = verify(folder)?;
        let config: EncoderConfig = read_json(&folder.join("config.json"))?;
        let stance: StanceConfig = read_json(&folder.join("stance.json"))?;
        if let Some(reason) = config.defect().or_else(|| config.label_defect()).or_else(|| stance.defect()) {
            return Err(ModelError::Unfit { path: folder.to_owned(), reason });
        }
        if stance.max_tokens > config.max_position_embeddings {
            let reason = format!(
                "max_tokens {} exceeds max_position_embeddings {}",
                stance.max_tokens, config.max_position_embeddings
            );
            return Err(ModelError::Unfit { path: folder.to_owned(), reason });
        }
        let encoder = Encoder::open(&folder.join("tokenizer.json"), stance.max_tokens)?;
        if stance.second_look.is_some() && !encoder.knows_pairs() {
            let reason = format!("a second look needs the tokens {}", PAIR_TOKENS.join(", "));
            return Err(ModelError::Unfit { path: folder.to_owned(), reason });
        }
        let path = folder.join("model.safetensors");
        let weights = Weights::parse(&read(&path)?).map_err(|source| ModelError::Weights { path, source })?;
        let checksum = digests.into_iter().find(|(name, _)| name == "model.safetensors").map(|(_, sum)| sum);
        Ok(Self { config, stance, encoder, weights, checksum: checksum.unwrap_or_default() })
    }

    /// The same model, with a second look at dyads below another probability than its own, 0 to 1; `None` leaves it.
    ///
    /// # Errors
    /// If it is no probability, or the model has not learned to look a second time.
    pub fn looking_again(mut self, below: Option<f64>) -> Result<Self, LookError> {
        let Some(below) = below else { return Ok(self) };
        if !(0.0..=1.0).contains(&below) {
            return Err(LookError::Range(below));
        }
        match &mut self.stance.second_look {
            // A label can be as probable as 1, and 1 means every dyad.
            Some(second) => second.below = if below < 1.0 { below } else { f64::INFINITY },
            None if below > 0.0 => return Err(LookError::Unlearned(self.stance.name)),
            None => {}
        }
        Ok(self)
    }

    /// The embedded engine on these weights.
    ///
    /// # Errors
    /// If a tensor is missing or misshapen.
    pub fn cpu_engine(&self) -> Result<CpuEngine, WeightError> {
        CpuEngine::new(&self.config, &self.weights)
    }
}

/// Writes a model folder: configuration, tokenizer, f16 weights, card, and `SHA256SUMS` last.
///
/// # Errors
/// If a file cannot be written.
pub fn write(
    folder: &Path,
    config: &EncoderConfig,
    stance: &StanceConfig,
    tokenizer: &[u8],
    weights: &Weights,
    card: &str,
) -> Result<(), ModelError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| ModelError::Io { path, source }
    };
    fs::create_dir_all(folder).map_err(io(folder))?;
    let weights_path = folder.join("model.safetensors");
    let bytes = weights.to_f16_bytes().map_err(|source| ModelError::Weights { path: weights_path, source })?;
    let contents: [(&str, Vec<u8>); 5] = [
        ("config.json", pretty(folder, config)?),
        ("stance.json", pretty(folder, stance)?),
        ("tokenizer.json", tokenizer.to_vec()),
        ("model.safetensors", bytes),
        ("README.md", card.as_bytes().to_vec()),
    ];
    let mut sums = String::new();
    for (name, bytes) in &contents {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(io(&path))?;
        if FILES.contains(name) {
            let _ = writeln!(sums, "{}  {name}", sha256(bytes));
        }
    }
    let path = folder.join("SHA256SUMS");
    fs::write(&path, sums).map_err(io(&path))
}

fn pretty(folder: &Path, value: &impl serde::Serialize) -> Result<Vec<u8>, ModelError> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|source| ModelError::Json { path: folder.to_owned(), source })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Checks every file of [`FILES`] against `SHA256SUMS`; returns `(name, digest)`.
fn verify(folder: &Path) -> Result<Vec<(String, String)>, ModelError> {
    let sums = fs::read(folder.join("SHA256SUMS"));
    let sums = sums.map_err(|source| ModelError::Absent { path: folder.to_owned(), source })?;
    let sums = String::from_utf8_lossy(&sums);
    FILES
        .into_iter()
        .map(|name| {
            let listed = sums.lines().filter_map(|line| line.split_once("  ")).find(|(_, file)| *file == name);
            let Some((expected, _)) = listed else {
                let reason = format!("SHA256SUMS does not list {name}");
                return Err(ModelError::Unfit { path: folder.to_owned(), reason });
            };
            let path = folder.join(name);
            let found = sha256(&read(&path)?);
            if found == expected {
                Ok((name.to_owned(), found))
            } else {
                Err(ModelError::Checksum { path, found, expected: expected.to_owned() })
            }
        })
        .collect()
}

fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    fs::read(path).map_err(|source| ModelError::Io { path: path.to_owned(), source })
}

/// Reads a JSON file.
///
/// # Errors
/// If it cannot be read or does not have the expected fields.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    serde_json::from_slice(&read(path)?).map_err(|source| ModelError::Json { path: path.to_owned(), source })
}
