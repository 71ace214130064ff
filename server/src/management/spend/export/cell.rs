//! What stands in a column of an export.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use tollgate_openapi::money::NanoUsd;

/// What stands in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::management) enum Cell<'a> {
    /// What people, clients or providers wrote; empty: nothing.
    Text(Cow<'a, str>),
    /// Several of it.
    Texts(&'a [String]),
    /// A count.
    Count(i64),
    /// An amount of dollars.
    Money(NanoUsd),
    /// The same with all its decimals: who guesses a column's type by its values sees a decimal.
    Decimal(NanoUsd),
    /// A count that a decimal column has.
    Quantity(i64),
    /// A day.
    Day(NaiveDate),
    /// An instant.
    Instant(DateTime<Utc>),
    /// Yes or no.
    Flag(bool),
}

impl<'a> Cell<'a> {
    pub(in crate::management) const fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    pub(in crate::management) const fn nothing() -> Self {
        Self::text("")
    }

    pub(in crate::management) fn maybe(text: Option<&'a str>) -> Self {
        Self::text(text.unwrap_or_default())
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Texts([]) => Ok(()),
            Self::Texts(texts) => f.write_str(&serde_json::to_string(texts).unwrap_or_default()),
            Self::Count(count) => write!(f, "{count}"),
            Self::Money(amount) => f.write_str(&dollars(*amount)),
            Self::Decimal(amount) => write!(f, "{amount}"),
            Self::Quantity(count) => write!(f, "{count}.0"),
            Self::Day(day) => write!(f, "{day}"),
            Self::Instant(instant) => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            Self::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

/// Dollars to the nano-dollar, without zeros at the end: what never was a float stays exact.
fn dollars(amount: NanoUsd) -> String {
    let text = amount.to_string();
    let short = text.trim_end_matches('0').trim_end_matches('.');
    short.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn money_has_as_many_decimals_as_it_needs() {
        for (nano, shown) in
            [(0, "0"), (1, "0.000000001"), (-15_000_000, "-0.015"), (20_000_000_000, "20"), (100_500_000_000, "100.5")]
        {
            assert_eq!(dollars(NanoUsd(nano)), shown);
        }
    }

    proptest! {
        #[test]
        fn money_is_exact(nano in i64::MIN + 1..) {
            let text = dollars(NanoUsd(nano));
            let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
            prop_assert_eq!(format!("{whole}{part:0<9}").parse::<i64>().unwrap(), nano);
        }
    }
}
