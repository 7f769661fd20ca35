//! One file a subcommand: opens what the arguments name, walks the corridor, writes what was asked.

pub mod evaluate;
pub mod evaluate_behaviour;
pub mod evaluate_docs;
pub mod label;
#[cfg(feature = "torch")]
pub mod train;
