//! AdamW (Loshchilov & Hutter 2019) with state that can be saved, layer-wise learning rates, and gradient clipping.
//!
//! The optimiser owns the variables' values in single precision; the network's own variables are copies of them, in
//! whatever precision it computes in (Micikevicius et al. 2018, *Mixed Precision Training*).

use crate::engine::torch::stored;
use crate::model::weights::Weights;
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-6;

struct Slot {
    /// What the network computes with.
    variable: Tensor,
    /// The value, in single precision.
    master: Tensor,
    first: Tensor,
    second: Tensor,
    rate: f64,
    decay: f64,
}

/// Optimiser over named variables.
pub(super) struct AdamW {
    slots: BTreeMap<String, Slot>,
}

impl AdamW {
    /// `rate` gives each variable's share of the peak learning rate by name. Biases and layer norms are not decayed.
    pub(super) fn new(variables: BTreeMap<String, Tensor>, rate: impl Fn(&str) -> f64, weight_decay: f64) -> Self {
        let slots = variables
            .into_iter()
            .map(|(name, variable)| {
                let plain = name.ends_with(".bias") || name.contains("LayerNorm");
                let master = variable.detach().copy().to_kind(Kind::Float);
                let slot = Slot {
                    first: master.zeros_like(),
                    second: master.zeros_like(),
                    master,
                    rate: rate(&name),
                    decay: if plain { 0.0 } else { weight_decay },
                    variable,
                };
                (name, slot)
            })
            .collect();
        Self { slots }
    }

    pub(super) fn zero_grad(&mut self) {
        for slot in self.slots.values_mut() {
            slot.variable.zero_grad();
        }
    }

    /// Scales all gradients so that their joint L2 norm is at most `limit`; returns the norm before.
    pub(super) fn clip(&mut self, limit: f64) -> f64 {
        tch::no_grad(|| {
            let grads = self.slots.values().map(|s| s.variable.grad()).filter(Tensor::defined);
            let norms: Vec<Tensor> = grads.map(|g| g.to_kind(Kind::Float).norm()).collect();
            let norm = Tensor::stack(&norms, 0).norm().double_value(&[]);
            if norm > limit {
                for slot in self.slots.values() {
                    let mut grad = slot.variable.grad();
                    if grad.defined() {
                        let _ = grad.g_mul_scalar_(limit / norm);
                    }
                }
            }
            norm
        })
    }

    /// One update; `step` counts from 1 and corrects the moments' start at zero.
    pub(super) fn step(&mut self, step: usize, learning_rate: f64) {
        let exponent = i32::try_from(step).unwrap_or(i32::MAX);
        let (bias_1, bias_2) = (1.0 - BETA_1.powi(exponent), 1.0 - BETA_2.powi(exponent));
        tch::no_grad(|| {
            for slot in self.slots.values_mut() {
                let grad = slot.variable.grad();
                if !grad.defined() {
                    continue;
                }
                let grad = grad.to_kind(Kind::Float);
                let rate = learning_rate * slot.rate;
                let _ = slot.first.g_mul_scalar_(BETA_1).g_add_(&(&grad * (1.0 - BETA_1)));
                let _ = slot.second.g_mul_scalar_(BETA_2).addcmul_(&(&grad * (1.0 - BETA_2)), &grad);
                let scale = (&slot.second / bias_2).sqrt_().g_add_scalar_(EPSILON);
                let _ = slot.master.g_mul_scalar_(1.0 - rate * slot.decay);
                let _ = slot.master.g_sub_(&(&slot.first * (rate / bias_1)).g_div_(&scale));
                slot.variable.copy_(&slot.master);
            }
        });
    }

    /// Variables and moments by name, for a checkpoint.
    pub(super) fn state(&self) -> Vec<(String, Tensor)> {
        self.slots
            .iter()
            .flat_map(|(name, slot)| {
                [("variable", &slot.master), ("first", &slot.first), ("second", &slot.second)]
                    .map(|(part, tensor)| (format!("{part}.{name}"), tensor.detach()))
            })
            .collect()
    }

    /// The variables' values by name.
    pub(super) fn weights(&self) -> Weights {
        let mut weights = Weights::default();
        for (name, slot) in &self.slots {
            weights.insert(name.clone(), stored(&slot.master));
        }
        weights
    }

    /// Puts a checkpoint's state back; returns the name of the first tensor that does not fit.
    pub(super) fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<(), String> {
        for (name, slot) in &mut self.slots {
            for (part, tensor) in
                [("variable", &mut slot.master), ("first", &mut slot.first), ("second", &mut slot.second)]
            {
                let key = format!("{part}.{name}");
                let saved = state.get(&key).filter(|t| t.size() == tensor.size()).ok_or(key)?;
                tch::no_grad(|| tensor.copy_(&saved.to_kind(Kind::Float)));
            }
            tch::no_grad(|| slot.variable.copy_(&slot.master));
        }
        Ok(())
    }
}
