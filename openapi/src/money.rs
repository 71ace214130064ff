//! Money as whole nano-dollars, shown as dollars in JSON (LiteLLM's form).

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Nano-dollars in one dollar.
pub const NANO_PER_USD: i64 = 1_000_000_000;

/// The largest amount the API accepts, in dollars: from 2^23 on a float no longer names a single nano-dollar.
pub const MAX_USD: f64 = 8_000_000.0;

/// An amount of money in nano-dollars (1e-9 US dollars). Arithmetic saturates: a bill never wraps around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NanoUsd(pub i64);

impl NanoUsd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// The nearest amount to `usd` dollars.
    ///
    /// # Errors
    /// When `usd` is not finite or beyond ±[`MAX_USD`].
    pub fn from_usd(usd: f64) -> Result<Self, MoneyError> {
        if !usd.is_finite() {
            return Err(MoneyError::NotFinite);
        }
        if usd.abs() > MAX_USD {
            return Err(MoneyError::TooLarge);
        }
        // Whole dollars and the rest apart: their product with 1e9 at once would be rounded to the wrong nano-dollar.
        #[expect(clippy::as_conversions, reason = "bounded by MAX_USD, so both products fit an i64")]
        let (whole, rest) = (usd.trunc() as i64, (usd.fract() * NANO_PER_USD as f64).round() as i64);
        Ok(Self(whole.saturating_mul(NANO_PER_USD).saturating_add(rest)))
    }

    /// The amount in dollars, to the nearest float.
    #[must_use]
    pub fn to_usd(self) -> f64 {
        #[expect(clippy::as_conversions, reason = "the nearest float is what JSON shows")]
        let usd = self.0 as f64 / NANO_PER_USD as f64;
        usd
    }
}

/// Why a number is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// NaN or an infinity.
    NotFinite,
    /// Beyond ±[`MAX_USD`].
    TooLarge,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => write!(f, "expected a finite number of US dollars"),
            Self::TooLarge => write!(f, "expected at most {MAX_USD} US dollars"),
        }
    }
}

impl std::error::Error for MoneyError {}

impl fmt::Display for NanoUsd {
    /// Plain dollars with nine decimals, such as `-0.000000075`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let abs = self.0.unsigned_abs();
        let unit = NANO_PER_USD.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:09}", abs / unit, abs % unit)
    }
}

impl Add for NanoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for NanoUsd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for NanoUsd {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for NanoUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for NanoUsd {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for NanoUsd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.to_usd())
    }
}

impl<'de> Deserialize<'de> for NanoUsd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let usd = f64::deserialize(deserializer)?;
        let money = match Self::from_usd(usd) {
            // The console reads sums, which may be larger than what anybody may send.
            #[expect(clippy::as_conversions, reason = "what is beyond an i64 saturates")]
            Err(MoneyError::TooLarge) if cfg!(target_arch = "wasm32") => Self((usd * NANO_PER_USD as f64) as i64),
            read => read.map_err(de::Error::custom)?,
        };
        // What is less than nothing stays so, however little it is: it must not pass for zero.
        Ok(if usd < 0.0 && money == Self::ZERO { Self(-1) } else { money })
    }
}

#[cfg(feature = "spec")]
impl utoipa::PartialSchema for NanoUsd {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Number)
            .description(Some("US dollars; kept to the nano-dollar"))
            .into()
    }
}

#[cfg(feature = "spec")]
impl utoipa::ToSchema for NanoUsd {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_amount_up_to_the_maximum_survives_json(nano in -8_000_000_000_000_000_i64..=8_000_000_000_000_000) {
            let json = serde_json::to_string(&NanoUsd(nano)).unwrap();
            prop_assert_eq!(serde_json::from_str::<NanoUsd>(&json).unwrap(), NanoUsd(nano));
        }
    }

    #[test]
    fn absurd_amounts_are_refused() {
        assert_eq!(NanoUsd::from_usd(f64::NAN), Err(MoneyError::NotFinite));
        assert_eq!(NanoUsd::from_usd(f64::INFINITY), Err(MoneyError::NotFinite));
        assert_eq!(NanoUsd::from_usd(1e12), Err(MoneyError::TooLarge));
    }

    #[test]
    fn shows_nine_decimals() {
        assert_eq!(NanoUsd(-75).to_string(), "-0.000000075");
        assert_eq!(NanoUsd(1_250_000_000).to_string(), "1.250000000");
    }
}
