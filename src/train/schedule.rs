//! The learning rate over a run: linear warm-up, then linear decay to zero (Devlin et al. 2019).

/// Factor on the peak learning rate at `step` of `total`, both counted from 0; `warmup` is a share of the run.
pub(super) fn factor(step: usize, total: usize, warmup: f64) -> f64 {
    let rise = (total as f64 * warmup).max(1.0);
    let at = step as f64 + 1.0;
    if at < rise { at / rise } else { ((total as f64 - at + 1.0) / (total as f64 - rise + 1.0)).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_to_its_peak_and_falls_to_nearly_zero() {
        let rates: Vec<f64> = (0..100).map(|step| factor(step, 100, 0.1)).collect();
        assert!((rates[0] - 0.1).abs() < 1e-12 && (rates[9] - 1.0).abs() < 1e-12);
        assert!(rates[9..].windows(2).all(|pair| pair[1] < pair[0]));
        assert!(0.0 < rates[99] && rates[99] < 0.02);
    }
}
