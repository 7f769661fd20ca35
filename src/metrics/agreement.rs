//! How far raters agree: percentage, Cohen's κ of two, Krippendorff's α of any number with missing values.
//!
//! Categories are indices `0..C` without an order. A figure is NaN where it is undefined: without a pair of values, and
//! for κ and α where all values are one category, so that chance alone would always agree.

/// How often each pair of categories was given by the first (row) and the second rater (column).
pub type Pairs<const C: usize> = [[usize; C]; C];

/// How often each category was given to one unit, by however many raters there were.
pub type Unit<const C: usize> = [usize; C];

/// Share of pairs that agree.
pub fn agreement<const C: usize>(pairs: &Pairs<C>) -> f64 {
    let hits: usize = (0..C).map(|c| pairs[c][c]).sum();
    hits as f64 / pairs.iter().flatten().sum::<usize>() as f64
}

/// Cohen's κ, `(p_o − p_e) / (1 − p_e)`: the observed agreement `p_o` beyond that of independent raters with the same
/// marginals, `p_e = Σ p(row c) p(column c)` (Cohen, *A coefficient of agreement for nominal scales*, 1960).
pub fn kappa<const C: usize>(pairs: &Pairs<C>) -> f64 {
    let n = pairs.iter().flatten().sum::<usize>() as f64;
    let row = |c: usize| pairs[c].iter().sum::<usize>() as f64;
    let column = |c: usize| pairs.iter().map(|row| row[c]).sum::<usize>() as f64;
    let chance = (0..C).map(|c| row(c) * column(c)).sum::<f64>() / (n * n);
    (agreement(pairs) - chance) / (1.0 - chance)
}

/// Krippendorff's α for nominal data, `1 − D_o / D_e` (Krippendorff, *Computing Krippendorff's alpha-reliability*, 2011).
/// Let `n(u,c)` be how often unit u was given c, `m(u) = Σ_c n(u,c)`, of which units with at least 2 count,
/// `n(c) = Σ_u n(u,c)` and `n = Σ_c n(c)`. Then `D_o = Σ_u Σ_c n(u,c) (m(u) − n(u,c)) / (m(u) − 1) / n` and
/// `D_e = Σ_c n(c) (n − n(c)) / (n (n − 1))`.
pub fn alpha<'a, const C: usize>(units: impl Iterator<Item = &'a Unit<C>>) -> f64 {
    let mut totals = [0usize; C];
    let mut observed = 0.0;
    for unit in units {
        let values: usize = unit.iter().sum();
        if values < 2 {
            continue;
        }
        let unequal: usize = unit.iter().map(|count| count * (values - count)).sum();
        observed += unequal as f64 / (values - 1) as f64;
        for (total, count) in totals.iter_mut().zip(unit) {
            *total += count;
        }
    }
    let n = totals.iter().sum::<usize>();
    let expected = totals.iter().map(|total| total * (n - total)).sum::<usize>() as f64 / (n as f64 - 1.0);
    1.0 - observed / expected
}

/// Share of pairs of raters that agree, over all pairs that gave the same unit a value.
pub fn pairwise_agreement<'a, const C: usize>(units: impl Iterator<Item = &'a Unit<C>>) -> f64 {
    let (mut equal, mut all) = (0, 0);
    for unit in units {
        let values: usize = unit.iter().sum();
        equal += unit.iter().map(|count| count * count.saturating_sub(1)).sum::<usize>();
        all += values * values.saturating_sub(1);
    }
    equal as f64 / all as f64
}

/// Specific agreement on one category: of the values `category` in pairs of raters, the share that meets the same value
/// (Cicchetti and Feinstein, *High agreement but low kappa: II*, 1990; for more raters each unit weighs its pairs).
pub fn specific_agreement<'a, const C: usize>(units: impl Iterator<Item = &'a Unit<C>>, category: usize) -> f64 {
    let (mut equal, mut all) = (0, 0);
    for unit in units {
        let (values, count) = (unit.iter().sum::<usize>(), unit[category]);
        equal += count * count.saturating_sub(1);
        all += count * values.saturating_sub(1);
    }
    equal as f64 / all as f64
}

/// One category against the rest.
pub fn against_rest<const C: usize>(unit: &Unit<C>, category: usize) -> Unit<2> {
    [unit.iter().sum::<usize>() - unit[category], unit[category]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_agreement_is_1_and_agreement_by_chance_0() {
        let same: Pairs<2> = [[3, 0], [0, 5]];
        assert!((agreement(&same) - 1.0).abs() < 1e-12 && (kappa(&same) - 1.0).abs() < 1e-12);
        assert!(kappa(&[[4, 4], [4, 4]]).abs() < 1e-12);
        assert!((alpha([[2, 0], [0, 3]].iter()) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_figure_of_nothing_or_of_one_category_is_undefined() {
        assert!(kappa(&[[0, 0], [0, 0]]).is_nan() && agreement(&[[0, 0], [0, 0]]).is_nan());
        assert!(kappa(&[[7, 0], [0, 0]]).is_nan());
        assert!(alpha([[2, 0], [3, 0]].iter()).is_nan());
        assert!(alpha([[1, 0], [0, 1]].iter()).is_nan() && pairwise_agreement([[1, 0]].iter()).is_nan());
    }

    #[test]
    fn agreement_on_a_category_counts_the_pairs_that_hold_it() {
        let units: [Unit<3>; 3] = [[2, 0, 0], [1, 1, 0], [0, 0, 2]];
        assert!((specific_agreement(units.iter(), 0) - 2.0 / 3.0).abs() < 1e-12);
        assert!(specific_agreement(units.iter(), 1).abs() < 1e-12);
        assert!((pairwise_agreement(units.iter()) - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(against_rest(&units[1], 0), [1, 1]);
    }
}
