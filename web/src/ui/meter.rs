//! How much of a budget is used.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;

use crate::format;

/// From here on a budget asks for attention.
const HIGH_PERCENT: i64 = 80;

/// Spend of a limit as a bar and in words; without a limit only the spend.
#[component]
pub(crate) fn BudgetMeter(
    spend: NanoUsd,
    max: Option<NanoUsd>,
    /// How often the limit starts anew, such as " a month"; empty where it does not.
    every: &'static str,
) -> impl IntoView {
    let Some(max) = max else {
        return view! {
            <span class="meter">
                <span class="meter-text">
                    <span class="number" title=format::money_exact(spend)>{format::money_total(spend)}</span>
                    <span class="muted">"no limit"</span>
                </span>
            </span>
        }
        .into_any();
    };
    let percent = used_percent(spend, max);
    let title = format!("{} of {}", format::money_exact(spend), format::money_exact(max));
    let label = title.clone();
    view! {
        <span class="meter" title=title>
            <span class="meter-text">
                <span class="number">{format::money_total(spend)}</span>
                <span class="muted number">"of "{format::money_round(max)}{every}</span>
            </span>
            <svg class="meter-bar" role="img" aria-label=label preserveAspectRatio="none" viewBox="0 0 100 4">
                <rect class="meter-track" width="100" height="4"></rect>
                <rect
                    class="meter-fill"
                    class:meter-high=(HIGH_PERCENT..100).contains(&percent)
                    class:meter-full={percent >= 100}
                    width=percent.to_string()
                    height="4"
                ></rect>
            </svg>
        </span>
    }
    .into_any()
}

/// Whole per cent used, 0 to 100; a limit of nothing is used up from the start.
fn used_percent(spend: NanoUsd, max: NanoUsd) -> i64 {
    if max.0 <= 0 {
        return 100;
    }
    let percent = i128::from(spend.0.max(0)) * 100 / i128::from(max.0);
    i64::try_from(percent.min(100)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_bounded() {
        assert_eq!(used_percent(NanoUsd(0), NanoUsd(10)), 0);
        assert_eq!(used_percent(NanoUsd(799), NanoUsd(1000)), 79);
        assert_eq!(used_percent(NanoUsd(i64::MAX), NanoUsd(1)), 100);
        assert_eq!(used_percent(NanoUsd(-5), NanoUsd(10)), 0);
        assert_eq!(used_percent(NanoUsd(0), NanoUsd(0)), 100);
    }
}
