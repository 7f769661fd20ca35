//! One file a subcommand: opens what the arguments name, walks the corridor, writes what was asked. `evaluate` has
//! five more: its two ways of judging, the behavioural suite, the reader of another run's predictions, and what it prints;
//! `adaptation` is what `refit` and `train` share, `corpus` what those share that read one, `outputs` what all ask before they
//! write.

mod adaptation;
mod corpus;
pub mod evaluate;
mod evaluate_against;
mod evaluate_behaviour;
mod evaluate_docs;
mod evaluate_estimate;
mod evaluate_pairs;
mod evaluate_print;
pub mod explain;
pub mod export;
pub mod label;
mod outputs;
pub mod refit;
pub mod registry;
pub mod report;
pub mod review;
#[cfg(feature = "torch")]
pub mod train;
