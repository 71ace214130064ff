//! Data on its way from the server: what is shown while it comes, when it is there, and when it failed.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::ApiError;
use crate::browser;
use crate::format;
use crate::ui::empty::{Failure, Unavailable};

/// An answer of the server that is asked for again when a signal that `fetch` reads changes.
///
/// What was there stays until the next answer comes, so nothing flickers.
pub(crate) struct Load<T: Send + Sync + 'static> {
    pub(crate) data: RwSignal<Option<T>>,
    pub(crate) error: RwSignal<Option<ApiError>>,
    pub(crate) is_busy: RwSignal<bool>,
    version: RwSignal<u64>,
}

/// An answer on its way.
type Answer<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

impl<T: Send + Sync + 'static> Clone for Load<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Load<T> {}

/// How often it is looked whether a question is still open.
const QUESTION_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Failed,
    Ready,
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Load<T> {
    pub(crate) fn new<F>(fetch: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + 'static,
    {
        Self::boxed(Box::new(move || Box::pin(fetch())))
    }

    /// Apart from the above, which is compiled for every question.
    fn boxed(fetch: Box<dyn Fn() -> Answer<T>>) -> Self {
        let load = Self {
            data: RwSignal::new(None),
            error: RwSignal::new(None),
            is_busy: RwSignal::new(true),
            version: RwSignal::new(0),
        };
        let generation = StoredValue::new(0_u64);
        Effect::new(move |_| {
            load.version.track();
            let answer = fetch();
            let mine = generation.get_value().wrapping_add(1);
            generation.set_value(mine);
            // The page may be gone when the answer comes: everything below tolerates disposed signals.
            spawn_local(async move {
                let _ = load.is_busy.try_set(true);
                let answer = answer.await;
                // New data draws the page anew, and a question that is part of it would be gone under the person's hand.
                while browser::is_asking() {
                    browser::pause(QUESTION_PAUSE).await;
                }
                if generation.try_get_value() == Some(mine) {
                    load.settle(answer);
                }
            });
        });
        load
    }

    fn settle(self, answer: Result<T, ApiError>) {
        match answer {
            Ok(data) => {
                let is_same = self.data.try_with_untracked(|old| old.as_ref() == Some(&data));
                if is_same == Some(false) {
                    let _ = self.data.try_set(Some(data));
                }
                if self.error.try_with_untracked(Option::is_some) == Some(true) {
                    let _ = self.error.try_set(None);
                }
            }
            Err(error) => {
                let _ = self.error.try_set(Some(error));
            }
        }
        let _ = self.is_busy.try_set(false);
    }

    /// Asks again.
    pub(crate) fn refresh(self) {
        let _ = self.version.try_update(|version| *version = version.wrapping_add(1));
    }

    /// Asks again from time to time, as long as `is_wanted` and somebody can see it.
    pub(crate) fn refresh_every(self, pause: Duration, is_wanted: Signal<bool>) {
        let tick = move || {
            if is_wanted.try_get_untracked() == Some(true) && !browser::is_hidden() {
                self.refresh();
            }
        };
        if let Ok(handle) = set_interval_with_handle(tick, pause) {
            on_cleanup(move || handle.clear());
        }
    }

    /// A part of the data; the default until it is there.
    pub(crate) fn map<U: Default + Send + Sync + 'static>(
        self,
        part: impl Fn(&T) -> U + Send + Sync + 'static,
    ) -> Signal<U> {
        Signal::derive(move || self.data.with(|data| data.as_ref().map(&part).unwrap_or_default()))
    }

    /// `waiting` until data is there, the error when there is none, `ready` from the first answer on.
    pub(crate) fn show(self, waiting: fn() -> AnyView, ready: impl Fn() -> AnyView + Send + 'static) -> impl IntoView {
        let phase = Memo::new(move |_| {
            if self.data.with(Option::is_some) {
                Phase::Ready
            } else if self.error.with(Option::is_some) {
                Phase::Failed
            } else {
                Phase::Waiting
            }
        });
        move || match phase.get() {
            Phase::Waiting => waiting(),
            Phase::Failed => self.nothing_but_failure(),
            Phase::Ready => view! { {self.trouble()} {ready()} }.into_any(),
        }
    }

    /// A word about the last failure, above what shows all the same.
    pub(crate) fn trouble(self) -> impl IntoView {
        let is_failed = Memo::new(move |_| self.error.with(Option::is_some));
        move || is_failed.get().then(|| self.failure())
    }

    /// Above data that is still there, but old.
    fn failure(self) -> AnyView {
        view! { <Failure message=self.message() on_retry=Callback::new(move |()| self.refresh()) /> }.into_any()
    }

    /// In place of data that never came.
    fn nothing_but_failure(self) -> AnyView {
        view! { <Unavailable message=self.message() on_retry=Callback::new(move |()| self.refresh()) /> }.into_any()
    }

    fn message(self) -> Signal<String> {
        Signal::derive(move || {
            self.error.with(|error| error.as_ref().map(|e| format::sentence(&e.message)).unwrap_or_default())
        })
    }
}

/// Grey lines where text will be.
pub(crate) fn skeleton() -> AnyView {
    let lines = (0..6).map(|_| view! { <span class="skeleton-line"></span> }).collect_view();
    view! { <div class="skeleton" role="status" aria-label="Loading">{lines}</div> }.into_any()
}
