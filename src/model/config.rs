//! `config.json` (the encoder, Hugging Face names) and `stance.json` (input form, calibration, provenance).

use crate::calibrate::{Scale, Thresholds};
use crate::encode::ROLES;
use crate::stance::Stance;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The encoder's shape: the fields of Hugging Face's `BertConfig` that the forward pass reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncoderConfig {
    /// Must be `bert`.
    pub model_type: String,
    /// Rows of the word embeddings.
    pub vocab_size: usize,
    /// Width `H` of the states.
    pub hidden_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Attention heads; divides `hidden_size`.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Must be `gelu`: the exact (erf) form.
    pub hidden_act: String,
    /// Longest example in tokens.
    pub max_position_embeddings: usize,
    /// Rows of the segment embeddings; segment 0 is used.
    pub type_vocab_size: usize,
    /// ε of layer normalisation.
    pub layer_norm_eps: f64,
    /// Dropout in training.
    pub hidden_dropout_prob: f64,
    /// Dropout of attention in training.
    pub attention_probs_dropout_prob: f64,
    /// Deviation of fresh weights.
    #[serde(default = "default_initializer_range")]
    pub initializer_range: f64,
    /// Label of each logit column.
    #[serde(default)]
    pub id2label: BTreeMap<usize, String>,
}

const fn default_initializer_range() -> f64 {
    0.02
}

impl EncoderConfig {
    /// `None` if the engines can run this; else what is wrong.
    pub fn defect(&self) -> Option<String> {
        if self.model_type != "bert" {
            return Some(format!("model_type is `{}`, expected `bert`", self.model_type));
        }
        if self.hidden_act != "gelu" {
            return Some(format!("hidden_act is `{}`, expected `gelu`", self.hidden_act));
        }
        if self.num_attention_heads == 0 || !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Some(format!("{} heads do not divide {} hidden units", self.num_attention_heads, self.hidden_size));
        }
        None
    }

    /// `None` if the labels stand in the order of [`Stance::ALL`]; else what is wrong.
    pub fn label_defect(&self) -> Option<String> {
        let expected: BTreeMap<usize, String> = label_map();
        (self.id2label != expected).then(|| format!("id2label is {:?}, expected {expected:?}", self.id2label))
    }
}

/// `id2label` for [`Stance::ALL`].
pub fn label_map() -> BTreeMap<usize, String> {
    Stance::ALL.into_iter().map(|s| (s.index(), s.name().to_owned())).collect()
}

/// Registry version of data whose mentions were given, not linked here.
pub const UNKNOWN_REGISTRY: &str = "given";

/// The only input form so far: polities anonymised and numbered, one pass a passage; doubtful dyads may get a pass of their
/// own ([`SecondLook`]).
pub const INPUT_FORM: &str = "anonymised-numbered";

/// What a demarche model adds to a Hugging Face folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StanceConfig {
    /// Name of the model, for `run.json`.
    pub name: String,
    /// Must be [`INPUT_FORM`].
    pub input_form: String,
    /// Must be [`ROLES`]: how many polities a passage can tell apart.
    pub roles: usize,
    /// Longest example in tokens, `[CLS]` and `[SEP]` included; longer ones are cut and flagged.
    pub max_tokens: usize,
    /// A passage takes in sentences to the left while it stays within this many tokens.
    pub context_tokens: usize,
    /// Temperature of a first look's [`Scale`].
    pub temperature: f64,
    /// Smoothing of a first look's [`Scale`]; 0 if it is not there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub smoothing: f64,
    /// How doubtful dyads are asked about again, by a model that has learned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_look: Option<SecondLook>,
    /// For each precision ([`precision_key`]), the probability below which a label needs review, by label name.
    pub thresholds: BTreeMap<String, BTreeMap<String, f64>>,
    /// Version of the registry that linked the training data.
    pub registry_version: String,
    /// How it was made, for the model card and `run.json`.
    #[serde(default)]
    pub training: serde_json::Value,
}

/// A second look at a dyad, alone (`look`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondLook {
    /// At dyads whose likeliest label has a probability below this: 0 is none, over 1 all.
    pub below: f64,
    /// Temperature of a second look's [`Scale`].
    pub temperature: f64,
    /// Smoothing of a second look's [`Scale`]; 0 if it is not there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub smoothing: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl SecondLook {
    /// At dyads below a probability, on a scale.
    pub const fn new(below: f64, scale: Scale) -> Self {
        Self { below, temperature: scale.temperature, smoothing: scale.smoothing }
    }

    /// How its logits become probabilities.
    pub const fn scale(&self) -> Scale {
        Scale { temperature: self.temperature, smoothing: self.smoothing }
    }
}

impl StanceConfig {
    /// How the logits of a first look become probabilities.
    pub const fn scale(&self) -> Scale {
        Scale { temperature: self.temperature, smoothing: self.smoothing }
    }

    /// `None` if this program reads the form; else what is wrong.
    pub fn defect(&self) -> Option<String> {
        if self.input_form != INPUT_FORM {
            return Some(format!("input_form is `{}`, expected `{INPUT_FORM}`", self.input_form));
        }
        if self.roles != ROLES {
            return Some(format!("roles is {}, expected {ROLES}", self.roles));
        }
        let scales = [Some(self.scale()), self.second_look.map(|s| s.scale())];
        if let Some(defect) = scales.iter().flatten().find_map(Scale::defect) {
            return Some(defect);
        }
        if let Some(look) = self.second_look
            && !(0.0..).contains(&look.below)
        {
            return Some(format!("second_look.below is {}, expected a number from 0", look.below));
        }
        // Every polity of a passage must fit in, between `[CLS]` and `[SEP]`.
        if self.max_tokens < ROLES + 2 {
            return Some(format!("max_tokens is {}, expected at least {}", self.max_tokens, ROLES + 2));
        }
        None
    }

    /// The review thresholds for a precision.
    ///
    /// # Errors
    /// If the model has none for it.
    pub fn thresholds(&self, precision: f64) -> Result<Thresholds, UnknownPrecision> {
        let fitted = self.thresholds.get(&precision_key(precision)).ok_or_else(|| UnknownPrecision {
            asked: precision,
            known: self.thresholds.keys().cloned().collect::<Vec<_>>().join(", "),
        })?;
        Ok(Thresholds(Stance::ALL.map(|s| fitted.get(s.name()).copied().unwrap_or(0.0))))
    }
}

/// `0.90`: how a precision is named in `stance.json`.
pub fn precision_key(precision: f64) -> String {
    format!("{precision:.2}")
}

/// A precision that the model was not fitted to.
#[derive(Debug, thiserror::Error)]
#[error("the model has no review thresholds for a precision of {asked}; it has them for {known}")]
pub struct UnknownPrecision {
    asked: f64,
    known: String,
}
