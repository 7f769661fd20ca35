//! From examples to the numbers that an engine reads: token ids, role positions, batches.
//!
//! Knows tokens and roles, not countries; padding does not exist here (`engine::torch` pads for itself).

mod batch;
mod tokenize;

pub use batch::{Batch, EncodedExample, batches};
pub use tokenize::{EncodeError, Encoder, PAIR_TOKENS, ROLES, role_token};
