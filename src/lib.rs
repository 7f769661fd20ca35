//! demarche reads news and says where each country stands toward another: recognize, engage, condemn, or none.

pub mod aggregate;
pub mod behaviour;
pub mod calibrate;
pub mod cli;
pub mod commands;
pub mod document;
pub mod encode;
pub mod engine;
pub mod evaluation;
pub mod example;
pub mod gold;
pub mod gold_docs;
pub mod ingest;
pub mod mention;
pub mod metrics;
pub mod model;
pub mod output;
pub mod passage;
pub mod pipeline;
pub mod predict;
pub mod registry;
pub mod report;
pub mod segment;
pub mod stance;
#[cfg(feature = "torch")]
pub mod train;
