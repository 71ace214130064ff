//! Light or dark: as the system is, or as chosen. `assets/theme.js` applies the choice before the first paint.

use leptos::prelude::*;

const STORAGE_KEY: &str = "tollgate-theme";

/// What was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// The choice, owned by the app.
#[derive(Clone, Copy)]
pub(crate) struct ThemeSignal(RwSignal<Theme>);

impl ThemeSignal {
    pub(crate) fn get(self) -> Theme {
        self.0.get()
    }

    /// Applies the choice and remembers it in this browser.
    pub(crate) fn choose(self, theme: Theme) {
        self.0.set(theme);
        let root = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element());
        if let Some(root) = root {
            let _ = match theme {
                Theme::System => root.remove_attribute("data-theme"),
                chosen => root.set_attribute("data-theme", chosen.word()),
            };
        }
        if let Some(storage) = storage() {
            let _ = storage.set_item(STORAGE_KEY, theme.word());
        }
    }
}

/// Storage may be forbidden; then the choice lasts as long as the tab.
fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

pub(crate) fn provide_theme() {
    let word = storage().and_then(|storage| storage.get_item(STORAGE_KEY).ok().flatten());
    let theme = Theme::ALL.into_iter().find(|theme| Some(theme.word()) == word.as_deref());
    provide_context(ThemeSignal(RwSignal::new(theme.unwrap_or(Theme::System))));
}

pub(crate) fn use_theme() -> ThemeSignal {
    use_context().unwrap_or_else(|| ThemeSignal(RwSignal::new(Theme::System)))
}
