//! How much of a limit is taken: money, requests, tokens, calls in flight. Words say what the bar shows.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;

use crate::{browser, format};

/// From here on a limit asks for attention.
const HIGH_PERCENT: f64 = 80.0;

/// Money and what bounds it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Budget {
    /// In the current window.
    pub(crate) spent: NanoUsd,
    /// By calls in flight.
    pub(crate) reserved: NanoUsd,
    /// Hard limit.
    pub(crate) max: Option<NanoUsd>,
    /// Limit that only warns.
    pub(crate) soft: Option<NanoUsd>,
    /// Length of the window, as the API says it.
    pub(crate) duration: Option<String>,
    /// When the window ends.
    pub(crate) resets_at: Option<DateTime<Utc>>,
}

impl Budget {
    /// What may still be spent, where there is a limit.
    pub(crate) fn left(&self) -> Option<NanoUsd> {
        self.max.map(|max| NanoUsd((max - self.spent - self.reserved).0.max(0)))
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.max.is_some_and(|max| self.spent >= max)
    }

    fn is_over_soft(&self) -> bool {
        self.soft.is_some_and(|soft| self.spent >= soft)
    }

    /// `of $50`, or that nothing bounds it.
    fn limit_text(&self) -> String {
        match (self.max, self.soft) {
            (Some(max), _) => format!("of {}", format::money_round(max)),
            (None, Some(soft)) => format!("warns at {}", format::money_round(soft)),
            (None, None) => "no limit".to_owned(),
        }
    }

    /// What a person should know of it, the most pressing first.
    fn notes(&self, now: DateTime<Utc>) -> String {
        let soft = match (self.max, self.is_over_soft()) {
            (Some(_), true) if !self.is_used_up() => Some("over the soft limit".to_owned()),
            (None, true) => Some("over it".to_owned()),
            _ => None,
        };
        let state = if self.is_used_up() { Some("used up".to_owned()) } else { soft };
        let resets = self.resets_at.map(|at| format!("resets {}", format::until(at, now)));
        [state, resets].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The whole, to the nano-dollar, for a title.
    fn exact(&self) -> String {
        let mut text = format!("{} spent", format::money_exact(self.spent));
        if let Some(max) = self.max {
            let every = format::every(self.duration.as_deref());
            text.push_str(format!(" of {} {every}", format::money_exact(max)).trim_end());
        }
        if self.reserved > NanoUsd::ZERO {
            text.push_str(&format!(", {} reserved", format::money_exact(self.reserved)));
        }
        if let Some(soft) = self.soft {
            text.push_str(&format!(", warns at {}", format::money_exact(soft)));
        }
        text
    }

    fn bar(&self) -> Option<Bar> {
        let whole = self.max.or(self.soft)?;
        let taken = percent(self.spent, whole);
        let is_high = taken >= HIGH_PERCENT || self.is_over_soft();
        Some(Bar {
            taken,
            reserved: percent(self.reserved, whole).min(100.0 - taken),
            mark: self.max.and(self.soft).filter(|soft| *soft < whole).map(|soft| percent(soft, whole)),
            level: if self.is_used_up() { Level::Full } else { Level::of(is_high) },
        })
    }
}

/// Spend of a budget, for a row: an amount, a thin bar, when it starts anew.
#[component]
pub(crate) fn BudgetMeter(budget: Budget) -> impl IntoView {
    let exact = budget.exact();
    view! {
        <span class="meter" title=exact.clone()>
            <span class="meter-text">
                <span class="number">
                    {format::money_total(budget.spent)}" "<span class="muted">{budget.limit_text()}</span>
                </span>
                <span class="muted number">{budget.notes(browser::now())}</span>
            </span>
            {budget.bar().map(|bar| bar.view(&exact))}
        </span>
    }
}

/// Spend of a budget, where there is room to say all of it.
#[component]
pub(crate) fn BudgetGauge(budget: Budget) -> impl IntoView {
    let exact = budget.exact();
    let is_bounded = budget.max.or(budget.soft).is_some();
    let every = format::every(budget.duration.as_deref().filter(|_| is_bounded));
    let reserved = (budget.reserved > NanoUsd::ZERO).then(|| {
        let text = format!("{} reserved", format::money(budget.reserved));
        view! { <span><span class="meter-swatch" aria-hidden="true"></span>{text}</span> }
    });
    let left = budget.left().map(|left| view! { <span>{format!("{} left", format::money(left))}</span> });
    let warns = budget.max.and(budget.soft).map(|soft| {
        view! { <span>{format!("warns at {}", format::money_round(soft))}</span> }
    });
    let notes = Some(budget.notes(browser::now())).filter(|notes| !notes.is_empty());
    view! {
        <div class="meter" title=exact.clone()>
            <span class="meter-text">
                <span class="number"><span class="strong">{format::money(budget.spent)}</span>" spent"</span>
                <span class="muted number">{budget.limit_text()}" "{every}</span>
            </span>
            {budget.bar().map(|bar| bar.view(&exact))}
            <span class="meter-notes muted number">
                {left}
                {reserved}
                {warns}
                {notes.map(|notes| view! { <span class="meter-last">{notes}</span> })}
            </span>
        </div>
    }
}

/// A limit that counts: requests or tokens a minute, calls in flight.
#[component]
pub(crate) fn CountMeter(label: &'static str, used: f64, limit: f64) -> impl IntoView {
    let taken = if limit > 0.0 { (used / limit * 100.0).clamp(0.0, 100.0) } else { 100.0 };
    let is_full = used >= limit;
    let bar = Bar {
        taken,
        reserved: 0.0,
        mark: None,
        level: if is_full { Level::Full } else { Level::of(taken >= HIGH_PERCENT) },
    };
    let text = format!("{} of {}", format::whole(used), format::whole(limit));
    let left = if is_full { "none left".to_owned() } else { format!("{} left", format::whole(limit - used)) };
    view! {
        <div class="meter">
            <span class="meter-text">
                <span>{label}</span>
                <span class="number">{text.clone()}" "<span class="muted">{left}</span></span>
            </span>
            {bar.view(&format!("{label}: {text}"))}
        </div>
    }
}

/// How pressing it is. The words beside the bar say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Calm,
    High,
    Full,
}

impl Level {
    const fn of(is_high: bool) -> Self {
        if is_high { Self::High } else { Self::Calm }
    }
}

/// Parts of a limit in per cent of the whole.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bar {
    taken: f64,
    reserved: f64,
    mark: Option<f64>,
    level: Level,
}

impl Bar {
    fn view(self, label: &str) -> impl IntoView + use<> {
        let at = |percent: f64| format!("{percent:.2}%");
        // Striped, so that it is told from what is spent without colour.
        let reserved = (self.reserved > 0.0).then(|| {
            view! {
                <line class="meter-reserved" x1=at(self.taken) x2=at(self.taken + self.reserved) y1="50%" y2="50%"></line>
            }
        });
        let mark =
            self.mark.map(|mark| view! { <line class="meter-mark" x1=at(mark) x2=at(mark) y1="0" y2="100%"></line> });
        view! {
            <svg class="meter-bar" role="img" aria-label=label.to_owned()>
                <rect class="meter-track" width="100%" height="100%"></rect>
                <rect
                    class="meter-fill"
                    class:meter-high=self.level == Level::High
                    class:meter-full=self.level == Level::Full
                    width=at(self.taken)
                    height="100%"
                ></rect>
                {reserved}
                {mark}
            </svg>
        }
    }
}

/// Per cent of `whole`, 0 to 100; a limit of nothing is used up from the start.
fn percent(part: NanoUsd, whole: NanoUsd) -> f64 {
    if whole.0 <= 0 {
        return 100.0;
    }
    (format::to_f64(part.0) / format::to_f64(whole.0) * 100.0).clamp(0.0, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(spent: i64, reserved: i64, max: Option<i64>, soft: Option<i64>) -> Budget {
        let usd = |dollars: i64| NanoUsd(dollars * 1_000_000_000);
        Budget {
            spent: usd(spent),
            reserved: usd(reserved),
            max: max.map(usd),
            soft: soft.map(usd),
            ..Budget::default()
        }
    }

    #[test]
    fn usage_is_bounded() {
        assert_eq!(percent(NanoUsd(0), NanoUsd(10)), 0.0);
        assert_eq!(percent(NanoUsd(i64::MAX), NanoUsd(1)), 100.0);
        assert_eq!(percent(NanoUsd(-5), NanoUsd(10)), 0.0);
        assert_eq!(percent(NanoUsd(0), NanoUsd(0)), 100.0);
    }

    #[test]
    fn the_parts_of_a_bar_never_exceed_it() {
        let bar = budget(90, 50, Some(100), Some(80)).bar().unwrap();
        assert_eq!(bar, Bar { taken: 90.0, reserved: 10.0, mark: Some(80.0), level: Level::High });
        let bar = budget(120, 50, Some(100), None).bar().unwrap();
        assert_eq!((bar.taken, bar.reserved, bar.level), (100.0, 0.0, Level::Full));
        assert_eq!(budget(3, 0, None, None).bar(), None);
    }

    #[test]
    fn what_is_left_is_what_nobody_has_spent_or_reserved() {
        let usd = |dollars: i64| Some(NanoUsd(dollars * 1_000_000_000));
        assert_eq!(budget(12, 1, Some(50), None).left(), usd(37));
        assert_eq!(budget(49, 5, Some(50), None).left(), usd(0));
        assert_eq!(budget(49, 5, None, None).left(), None);
    }

    #[test]
    fn the_state_is_said_in_words() {
        let now = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
        let resets_at = Some(now + chrono::TimeDelta::days(3));
        let with_reset = |of: Budget| Budget { resets_at, ..of }.notes(now);
        assert_eq!(with_reset(budget(50, 0, Some(50), None)), "used up, resets in 3 days");
        assert_eq!(with_reset(budget(45, 0, Some(50), Some(40))), "over the soft limit, resets in 3 days");
        assert_eq!(with_reset(budget(1, 0, Some(50), Some(40))), "resets in 3 days");
        assert_eq!(budget(1, 0, Some(50), None).notes(now), "");
        assert_eq!(budget(1, 0, None, Some(40)).limit_text(), "warns at $40");
        assert_eq!(budget(1, 0, None, None).limit_text(), "no limit");
    }
}
