//! Figures of merit, each with its formula and source. Pure: counts and probabilities in, numbers out.

pub mod classification;
