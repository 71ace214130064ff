//! The price of one token, or of another unit that is charged for.

use std::fmt;

/// Decimals of a dollar that a rate keeps.
const DECIMALS: i64 = 15;

/// The longest text worth reading as a number.
const MAX_TEXT_BYTES: usize = 64;

/// The price of one unit in femto-dollars (1e-15 US dollars): fine enough to hold every published price exactly.
/// Never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(i64);

/// Why a text is not a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Not a decimal number.
    #[error("expected a price in US dollars, such as 0.0000025 or 2.5e-06")]
    NotANumber,
    /// Below zero.
    #[error("expected a price of zero or more")]
    Negative,
    /// More than anything ever cost.
    #[error("expected a price below 9223 US dollars")]
    TooLarge,
}

impl Rate {
    /// Free.
    pub const ZERO: Self = Self(0);

    /// A rate of so many femto-dollars a unit; below zero counts as free.
    #[must_use]
    pub const fn from_femto(femto: i64) -> Self {
        if femto < 0 { Self(0) } else { Self(femto) }
    }

    /// Femto-dollars a unit.
    #[must_use]
    pub const fn femto(self) -> i64 {
        self.0
    }

    /// Femto-dollars for so many units.
    #[must_use]
    pub fn times(self, units: u64) -> i128 {
        i128::from(self.0).saturating_mul(i128::from(units))
    }

    /// Reads dollars a unit from decimal text, with or without an exponent. Exact to fifteen decimals; a finer
    /// price is rounded up.
    ///
    /// # Errors
    /// When the text is no number, negative, or beyond what fits.
    pub fn parse(text: &str) -> Result<Self, RateError> {
        Self::parse_scaled(text, 0)
    }

    /// Reads dollars per million units, the form price lists use.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_per_million(text: &str) -> Result<Self, RateError> {
        Self::parse_scaled(text, -6)
    }

    /// The rate a configuration file means by this float: its shortest decimal form, exactly.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_usd(usd: f64) -> Result<Self, RateError> {
        if !usd.is_finite() {
            return Err(RateError::NotANumber);
        }
        Self::parse(&format!("{usd:e}"))
    }

    /// Dollars a unit, to the nearest float.
    #[must_use]
    pub fn to_usd(self) -> f64 {
        // Through text: dividing floats would show 0.00000015 as 0.00000014999999999999999.
        format!("{}e-{DECIMALS}", self.0).parse().unwrap_or(0.0)
    }

    fn parse_scaled(text: &str, shift: i64) -> Result<Self, RateError> {
        let text = text.trim();
        if text.len() > MAX_TEXT_BYTES {
            return Err(RateError::NotANumber);
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let negative = mantissa.starts_with('-');
        let mantissa = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(RateError::NotANumber);
        }
        let decimals = i64::try_from(fraction.len()).map_err(|_| RateError::NotANumber)?;
        let digits = whole.bytes().chain(fraction.bytes());
        let femto = scale(digits, exponent + shift + DECIMALS - decimals)?;
        if negative && femto > 0 {
            return Err(RateError::Negative);
        }
        Ok(Self(femto))
    }
}

fn parse_exponent(text: &str) -> Result<i64, RateError> {
    let exponent: i64 = text.parse().map_err(|_| RateError::NotANumber)?;
    // Beyond this nothing but zero fits; the bound keeps the arithmetic around it small.
    Ok(exponent.clamp(-1000, 1000))
}

/// The whole number written by `digits`, times ten to the `power`, rounded up.
fn scale(digits: impl Iterator<Item = u8>, power: i64) -> Result<i64, RateError> {
    let mut kept = Vec::with_capacity(MAX_TEXT_BYTES);
    for byte in digits {
        if !byte.is_ascii_digit() {
            return Err(RateError::NotANumber);
        }
        kept.push(i64::from(byte - b'0'));
    }
    let dropped = usize::try_from(-power).unwrap_or(0).min(kept.len());
    let tail = kept.split_off(kept.len() - dropped);
    let mut value: i64 = 0;
    for digit in kept {
        value = push_digit(value, digit)?;
    }
    let mut zeros = power;
    while zeros > 0 && value > 0 {
        value = push_digit(value, 0)?;
        zeros -= 1;
    }
    if tail.iter().any(|digit| *digit > 0) {
        value = value.checked_add(1).ok_or(RateError::TooLarge)?;
    }
    Ok(value)
}

fn push_digit(value: i64, digit: i64) -> Result<i64, RateError> {
    value.checked_mul(10).and_then(|v| v.checked_add(digit)).ok_or(RateError::TooLarge)
}

impl fmt::Display for Rate {
    /// Dollars a unit in plain decimals, such as `0.0000025`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNIT: i64 = 1_000_000_000_000_000;
        let fraction = format!("{:015}", self.0 % UNIT);
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { write!(f, "{}", self.0 / UNIT) } else { write!(f, "{}.{fraction}", self.0 / UNIT) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_published_prices_exactly() {
        for (text, femto) in [
            ("0", 0),
            ("0.0000025", 2_500_000_000),
            ("2.5e-06", 2_500_000_000),
            ("7.5E-8", 75_000_000),
            ("1e-15", 1),
            (".5", 500_000_000_000_000),
            ("5.", 5_000_000_000_000_000),
            ("+1", 1_000_000_000_000_000),
            ("-0", 0),
            ("0e999999", 0),
        ] {
            assert_eq!(Rate::parse(text), Ok(Rate(femto)), "{text}");
        }
        assert_eq!(Rate::parse_per_million("0.075"), Ok(Rate::from_femto(75_000_000)));
    }

    #[test]
    fn finer_than_a_femto_dollar_rounds_up() {
        assert_eq!(Rate::parse("1e-16"), Ok(Rate(1)));
        assert_eq!(Rate::parse("1e-999"), Ok(Rate(1)));
        assert_eq!(Rate::parse("0.0000000000000010000001"), Ok(Rate(2)));
    }

    #[test]
    fn refuses_what_is_no_price() {
        for text in ["", ".", "-", "abc", "1.2.3", "1e", "1e1.5", "1_000", "٣", "NaN"] {
            assert_eq!(Rate::parse(text), Err(RateError::NotANumber), "{text}");
        }
        assert_eq!(Rate::parse("-0.1"), Err(RateError::Negative));
        assert_eq!(Rate::parse("9224"), Err(RateError::TooLarge));
        assert_eq!(Rate::parse("1e300"), Err(RateError::TooLarge));
        assert_eq!(Rate::from_usd(f64::NAN), Err(RateError::NotANumber));
        assert_eq!(Rate::from_usd(f64::MAX), Err(RateError::TooLarge));
        assert_eq!(Rate::from_usd(-1.0), Err(RateError::Negative));
    }

    proptest! {
        #[test]
        fn text_and_back(femto in 0..=i64::MAX) {
            prop_assert_eq!(Rate::parse(&Rate(femto).to_string()), Ok(Rate(femto)));
        }

        #[test]
        fn prices_below_a_dollar_survive_a_float(femto in 0_i64..1_000_000_000_000_000) {
            prop_assert_eq!(Rate::from_usd(Rate(femto).to_usd()), Ok(Rate(femto)));
        }

        #[test]
        fn never_panics(text in ".{0,80}") {
            let _ = Rate::parse(&text);
            let _ = Rate::parse_per_million(&text);
        }
    }
}
