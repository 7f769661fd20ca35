//! Fine-tuning on labelled texts: rust-bert on libtorch, then calibration on held-out texts.
//!
//! `examples` turns gold texts into batches, `mix` joins some of them, `teachers` holds what other models say of them,
//! `optimizer` and `schedule` are AdamW with warm-up and decay, `checkpoint` makes a stopped run resumable, `fit` is the
//! loop.

mod checkpoint;
mod examples;
mod fit;
mod mix;
mod optimizer;
mod schedule;
mod teachers;

pub use examples::{Source, TrainSet};
pub use fit::{Calibration, Outcome, TrainError, TrainSettings, fit};
pub use teachers::{TeacherError, Teachers};
