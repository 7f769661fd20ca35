//! demarche reads news and says where each country stands toward another: recognize, engage, condemn, or none.

pub mod calibrate;
pub mod cli;
pub mod commands;
pub mod document;
pub mod encode;
pub mod engine;
pub mod example;
pub mod gold;
pub mod ingest;
pub mod metrics;
pub mod model;
pub mod predict;
pub mod stance;
#[cfg(feature = "torch")]
pub mod train;
