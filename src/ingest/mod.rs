//! Reads corpora into documents.
pub mod compression;
