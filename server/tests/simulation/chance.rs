//! Numbers by chance that follow from what they are for.

/// A number from 0 to below 1 for `what`; the same each time.
pub(crate) fn unit(what: &[u64]) -> f64 {
    let bits = what.iter().fold(0x2545_f491_4f6c_dd1d, |seed: u64, part| {
        let bits = seed.wrapping_add(*part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    });
    f64::from(u32::try_from(bits >> 32).unwrap()) / (f64::from(u32::MAX) + 1.0)
}

/// A number with mean 0 and deviation 1, normally distributed (Box and Muller, 1958).
pub(crate) fn normal(what: &[u64]) -> f64 {
    let with = |last: u64| unit(&[what, &[last]].concat());
    (-2.0 * (1.0 - with(1)).ln()).sqrt() * (std::f64::consts::TAU * with(2)).cos()
}

/// A positive factor with mean 1 whose logarithm has the deviation `sigma`.
pub(crate) fn log_normal(sigma: f64, what: &[u64]) -> f64 {
    (sigma * normal(what) - sigma * sigma / 2.0).exp()
}

/// One of `count`.
pub(crate) fn below(count: usize, what: &[u64]) -> usize {
    let at = unit(what) * f64::from(u32::try_from(count).unwrap());
    usize::try_from(std::time::Duration::from_secs_f64(at).as_secs()).unwrap().min(count - 1)
}

/// An index as a part of what a number is for.
pub(crate) fn part(index: usize) -> u64 {
    u64::try_from(index).unwrap()
}
