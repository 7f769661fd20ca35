//! Figures of merit, each with its formula and source. Pure: counts and probabilities in, numbers out.

pub mod agreement;
pub mod calibration;
pub mod classification;
pub mod comparison;
pub mod estimate;
pub mod interval;
pub mod review;
pub mod summary;
