//! libtorch: rust-bert's BERT under our head. Trains, runs on CUDA, and is the oracle of the embedded engine.
//!
//! Pads for itself, and always passes the attention mask. Shapes: `B` examples, `L` longest example, `R` roles of the
//! batch, `D` dyads, `H` hidden size.

use super::{Engine, EngineError, Logits, check};
use crate::encode::{Batch, EncodedExample};
use crate::model::config::EncoderConfig;
use crate::model::weights::{Tensor as Stored, WeightError, Weights};
use ndarray::Array2;
use rust_bert::bert::{BertConfig, BertEmbeddings, BertModel};
use std::collections::BTreeMap;
use std::sync::Mutex;
use tch::nn::{self, Module as _, VarStore};
use tch::{Device, Kind, Tensor};

/// Encoder and head with their variables.
pub struct Network {
    /// All variables, by path.
    pub store: VarStore,
    bert: BertModel<BertEmbeddings>,
    dense: nn::Linear,
    out: nn::Linear,
    dropout: f64,
}

impl Network {
    /// Fresh variables on `device`.
    ///
    /// # Errors
    /// If rust-bert does not take the configuration.
    pub fn new(config: &EncoderConfig, device: Device) -> Result<Self, EngineError> {
        let bert_config: BertConfig = serde_json::to_value(config)
            .and_then(|value| {
                let mut value = value;
                if let Some(map) = value.as_object_mut() {
                    map.remove("id2label");
                }
                serde_json::from_value(value)
            })
            .map_err(|e| EngineError::Torch(e.to_string()))?;
        let store = VarStore::new(device);
        let hidden = config.hidden_size as i64;
        let root = store.root();
        let bert = BertModel::new_with_optional_pooler(&root, &bert_config, false);
        let head = &root / "head";
        let dense = nn::linear(&head / "dense", 3 * hidden, hidden, nn::LinearConfig::default());
        let out = nn::linear(&head / "out", hidden, 4, nn::LinearConfig::default());
        Ok(Self { store, bert, dense, out, dropout: config.hidden_dropout_prob })
    }

    /// Copies weights by name into the variables. Returns the names that `weights` does not have, which keep their
    /// fresh values.
    ///
    /// # Errors
    /// If a weight has another shape than its variable.
    pub fn load(&mut self, weights: &Weights) -> Result<Vec<String>, WeightError> {
        let mut fresh = Vec::new();
        for (name, mut variable) in self.named() {
            let Some(stored) = weights.get(&name) else {
                fresh.push(name);
                continue;
            };
            let expected: Vec<usize> = variable.size().iter().map(|n| *n as usize).collect();
            if stored.shape != expected {
                return Err(WeightError::Shape { name, found: stored.shape.clone(), expected });
            }
            let values = Tensor::from_slice(&stored.values).view_as(&variable);
            tch::no_grad(|| variable.copy_(&values));
        }
        Ok(fresh)
    }

    /// Variables in name order.
    pub fn named(&self) -> BTreeMap<String, Tensor> {
        self.store.variables().into_iter().collect()
    }

    /// Last hidden states `(B, L, H)`; rows past an example's end hold no meaning.
    ///
    /// # Errors
    /// If rust-bert refuses the input.
    pub fn hidden(&self, examples: &[EncodedExample], train: bool) -> Result<Tensor, EngineError> {
        let device = self.store.device();
        let longest = examples.iter().map(|e| e.ids.len()).max().unwrap_or(0);
        let mut ids = vec![0i64; examples.len() * longest];
        let mut mask = vec![0i8; examples.len() * longest];
        for (i, example) in examples.iter().enumerate() {
            for (j, id) in example.ids.iter().enumerate() {
                ids[i * longest + j] = i64::from(*id);
                mask[i * longest + j] = 1;
            }
        }
        let shape = [examples.len() as i64, longest as i64];
        let ids = Tensor::from_slice(&ids).view(shape).to_device(device);
        let mask = Tensor::from_slice(&mask).view(shape).to_device(device);
        let output = self.bert.forward_t(Some(&ids), Some(&mask), None, None, None, None, None, train);
        Ok(output.map_err(|e| EngineError::Torch(e.to_string()))?.hidden_state)
    }

    /// Logits `(D, 4)`, on the graph. `train` switches dropout on.
    ///
    /// # Errors
    /// If rust-bert refuses the input.
    pub fn forward(&self, examples: &[EncodedExample], train: bool) -> Result<Tensor, EngineError> {
        let device = self.store.device();
        let hidden = self.hidden(examples, train)?;
        let (longest, width) = (hidden.size()[1], hidden.size()[2]);
        let flat = hidden.reshape([-1, width]);
        let index = |values: &[i64]| Tensor::from_slice(values).to_device(device);
        let (mut positions, mut roles, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        let (mut actors, mut targets, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        for (i, example) in examples.iter().enumerate() {
            let (row, first_role) = (i as i64 * longest, counts.len() as i64);
            for places in &example.roles {
                roles.extend(std::iter::repeat_n(counts.len() as i64, places.len()));
                positions.extend(places.iter().map(|p| row + i64::from(*p)));
                counts.push(places.len().max(1) as f32);
            }
            for (actor, target) in &example.dyads {
                actors.push(first_role + *actor as i64);
                targets.push(first_role + *target as i64);
                starts.push(row);
            }
        }
        let sums = Tensor::zeros([counts.len() as i64, width], (hidden.kind(), device)).index_add(
            0,
            &index(&roles),
            &flat.index_select(0, &index(&positions)),
        );
        let means = sums / Tensor::from_slice(&counts).to_device(device).to_kind(hidden.kind()).unsqueeze(1);
        let features = Tensor::cat(
            &[
                means.index_select(0, &index(&actors)),
                means.index_select(0, &index(&targets)),
                flat.index_select(0, &index(&starts)),
            ],
            1,
        );
        let inner = self.dense.forward(&features.dropout(self.dropout, train)).gelu("none");
        Ok(self.out.forward(&inner.dropout(self.dropout, train)))
    }
}

/// Copies a tensor out of libtorch.
pub fn stored(tensor: &Tensor) -> Stored {
    let flat = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Float).contiguous().view(-1);
    let mut values = vec![0f32; flat.numel()];
    flat.copy_data(&mut values, flat.numel());
    Stored { shape: tensor.size().iter().map(|n| *n as usize).collect(), values }
}

/// The torch engine: a network behind a lock, since libtorch modules are not shared between threads.
pub struct TorchEngine {
    network: Mutex<Network>,
    config: EncoderConfig,
}

impl TorchEngine {
    /// Loads weights onto `device`.
    ///
    /// # Errors
    /// If a weight is missing or misshapen.
    pub fn new(config: &EncoderConfig, weights: &Weights, device: Device) -> Result<Self, anyhow::Error> {
        let mut network = Network::new(config, device)?;
        if let Some(name) = network.load(weights)?.into_iter().next() {
            return Err(WeightError::Missing(name).into());
        }
        Ok(Self { network: Mutex::new(network), config: config.clone() })
    }

    /// Last hidden states `(T, H)` of the examples' tokens, one example after another, as the embedded engine gives them.
    ///
    /// # Errors
    /// If the batch does not fit the model.
    pub fn hidden_states(&self, batch: &Batch) -> Result<Array2<f32>, EngineError> {
        check(batch, self.config.vocab_size, self.config.max_position_embeddings)?;
        let hidden = tch::no_grad(|| self.lock().hidden(&batch.examples, false))?;
        let width = self.config.hidden_size;
        let (values, longest) = (stored(&hidden).values, hidden.size()[1] as usize);
        let mut rows = Vec::with_capacity(batch.tokens() * width);
        for (i, example) in batch.examples.iter().enumerate() {
            let start = i * longest * width;
            rows.extend_from_slice(&values[start..start + example.ids.len() * width]);
        }
        Ok(Array2::from_shape_vec((batch.tokens(), width), rows).expect("one row a token"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Network> {
        self.network.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Engine for TorchEngine {
    fn logits(&self, batch: &Batch) -> Result<Logits, EngineError> {
        check(batch, self.config.vocab_size, self.config.max_position_embeddings)?;
        if batch.dyads() == 0 {
            return Ok(Logits(Array2::zeros((0, 4))));
        }
        let logits = tch::no_grad(|| self.lock().forward(&batch.examples, false))?;
        let values = stored(&logits).values;
        Ok(Logits(Array2::from_shape_vec((batch.dyads(), 4), values).expect("four scores a dyad")))
    }

    fn name(&self) -> &'static str {
        "torch"
    }
}
