//! An entity with limits, as a policy holds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tollgate_openapi::money::NanoUsd;

use crate::counters::{Limits, Scope, ScopeId};
use crate::domain::window::{BudgetWindow, Span};

/// A key, a model of a key, the gateway: whatever a call is charged to.
#[derive(Debug)]
pub struct Limited {
    /// What is charged.
    pub id: ScopeId,
    /// How refusals name it.
    pub name: Arc<str>,
    /// Its limits.
    pub limits: Limits,
    /// A budget that is higher for a while. Boxed: few are, and many keys are in memory.
    pub raised: Option<Box<Raised>>,
    /// The limit that only warns.
    pub soft_budget: Option<Arc<SoftBudget>>,
    /// When its budget resets; `None`: never.
    pub window: Option<Window>,
    /// What the ledger knew when this was read.
    pub spent_at_load: NanoUsd,
    /// The window that belongs to.
    pub loaded_window_start: Option<DateTime<Utc>>,
}

/// Money on top of a budget, for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// How much.
    pub by: NanoUsd,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Money beyond which calls are made and noted.
#[derive(Debug)]
pub struct SoftBudget {
    /// How much.
    pub amount: NanoUsd,
    /// The window that was warned of last, by its start in microseconds.
    warned_of: AtomicI64,
}

impl SoftBudget {
    /// One that nobody was warned of yet.
    #[must_use]
    pub const fn new(amount: NanoUsd) -> Self {
        Self { amount, warned_of: AtomicI64::new(i64::MIN) }
    }

    /// Whether nobody was warned of the window that begins at `window_start` yet; from now on, somebody was.
    pub fn warns_first(&self, window_start: Option<DateTime<Utc>>) -> bool {
        let window = window_start.map_or(0, |start| start.timestamp_micros());
        self.warned_of.swap(window, Ordering::Relaxed) != window
    }
}

/// A budget window that resets by the clock.
#[derive(Debug)]
pub struct Window {
    /// Its length.
    pub span: Span,
    /// Where windows that follow no calendar start.
    pub anchor: DateTime<Utc>,
    /// Of the calendar.
    pub time_zone: chrono_tz::Tz,
    /// The window last looked up: most calls fall into the same one.
    last: Mutex<Option<(DateTime<Utc>, DateTime<Utc>)>>,
}

impl Window {
    /// Windows as long as `span`.
    #[must_use]
    pub const fn new(span: Span, anchor: DateTime<Utc>, time_zone: chrono_tz::Tz) -> Self {
        Self { span, anchor, time_zone, last: Mutex::new(None) }
    }

    /// Start and end of the window `now` is in.
    #[must_use]
    pub fn bounds(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let mut last = self.last.lock();
        if let Some((start, end)) = *last
            && start <= now
            && now < end
        {
            return (start, end);
        }
        let window = BudgetWindow::bounds(self.span, now, self.anchor, self.time_zone);
        *last = Some((window.start, window.end));
        (window.start, window.end)
    }
}

/// A key or another entity, and its limits for single models.
#[derive(Debug)]
pub struct Account {
    /// The entity itself.
    pub whole: Limited,
    /// Its limits for single models, by name or `prefix/*`.
    pub by_model: Box<[(String, Limited)]>,
}

impl Account {
    /// What a call to `model` is charged to.
    pub fn of_model(&self, model: &str) -> impl Iterator<Item = &Limited> {
        let by_model = self.by_model.iter().filter(move |(name, _)| names(name, model));
        std::iter::once(&self.whole).chain(by_model.map(|(_, limited)| limited))
    }

    /// All that may be charged.
    pub fn all(&self) -> impl Iterator<Item = &Limited> {
        std::iter::once(&self.whole).chain(self.by_model.iter().map(|(_, limited)| limited))
    }

    /// Whether any of its budgets starts anew at some time.
    #[must_use]
    pub fn has_windows(&self) -> bool {
        self.all().any(|limited| limited.window.is_some())
    }
}

/// Whether a name in a list of models, perhaps `prefix/*`, means `model`.
fn names(name: &str, model: &str) -> bool {
    name == model || name.strip_suffix('*').is_some_and(|prefix| model.starts_with(prefix))
}

impl Limited {
    /// An entity that is only counted.
    #[must_use]
    pub fn unlimited(id: ScopeId, name: &str) -> Self {
        Self {
            id,
            name: Arc::from(name),
            limits: Limits::default(),
            raised: None,
            soft_budget: None,
            window: None,
            spent_at_load: NanoUsd::ZERO,
            loaded_window_start: None,
        }
    }

    /// Its limits at `now`.
    fn limits_at(&self, now: DateTime<Utc>) -> Limits {
        let raise =
            self.raised.as_deref().filter(|raised| now < raised.until).map_or(NanoUsd::ZERO, |raised| raised.by);
        let max_budget = self.limits.max_budget.map(|max| NanoUsd(max.0.saturating_add(raise.0)));
        Limits { max_budget, ..self.limits }
    }

    /// The scope as it is to be charged at `now`.
    #[must_use]
    pub fn scope(&self, now: DateTime<Utc>) -> Scope {
        let bounds = self.window.as_ref().map(|window| window.bounds(now));
        Scope {
            id: self.id.clone(),
            limits: self.limits_at(now),
            window_start: bounds.map(|(start, _)| start),
            window_end: bounds.map(|(_, end)| end),
            spent_at_load: self.spent_at_load,
            loaded_window_start: self.loaded_window_start,
        }
    }
}
