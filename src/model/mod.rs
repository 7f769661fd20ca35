//! A model folder in the Hugging Face form: what it holds, how it is opened and checked, how it is written.
//!
//! `config` mirrors the JSON files, `weights` the safetensors, `folder` opens and writes the whole. Nothing here knows
//! countries; the forward pass is `engine`'s.

pub mod config;
pub mod folder;
pub mod weights;

pub use folder::{Model, ModelError};
