//! Line icons on a 16-pixel grid, drawn in the text's colour and hidden from screen readers: the text beside them speaks.

use leptos::prelude::*;

/// The icons there are, each as the path of its strokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Overview,
    Home,
    Chat,
    Key,
    Model,
    Log,
    Audit,
    Alert,
    Settings,
    Usage,
    Spend,
    Budget,
    Team,
    User,
    Customer,
    Organization,
    Tag,
    Search,
    Plus,
    Close,
    Copy,
    Check,
    Download,
    Play,
    Previous,
    Next,
    Warning,
    SignIn,
    Report,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "M2.5 13.5v-5M6.2 13.5v-8M9.8 13.5V7M13.5 13.5v-11",
            Self::Home => "M2.5 7.3 8 2.5l5.5 4.8M4 6.3v7.2h8V6.3M6.7 13.5V9.8h2.6v3.7",
            Self::Spend => {
                "M8 1.8v12.4M11.3 4.6C10.6 3.6 9.4 3.2 8 3.2c-1.9 0-3.3.9-3.3 2.3 0 3.3 6.8 1.6 6.8 5 0 1.5-1.6 2.4-3.5 2.4-1.6 0-3-.6-3.7-1.7"
            }
            Self::Chat => "M2.5 3h11v8h-6l-3 2.5V11h-2zM5.3 6h5.4M5.3 8.2h3.4",
            Self::Key => "M10.2 2.5a3.3 3.3 0 1 1-3 4.7L2.5 11.9v1.6h2.4v-1.7h1.8V10l1.2-1.2M11 5h.01",
            Self::Model => "M8 1.8 13.7 5v6L8 14.2 2.3 11V5zM2.5 5.1 8 8.2l5.5-3.1M8 8.2v5.8",
            Self::Log => "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01",
            Self::Audit => "M3.5 2.5h6l3 3v8h-9zM9.5 2.5v3h3M5.8 9.3l1.4 1.4 2.8-2.9",
            Self::Alert => {
                "M8 2.2a4.2 4.2 0 0 1 4.2 4.2c0 3.6 1.3 5 1.3 5h-11s1.3-1.4 1.3-5A4.2 4.2 0 0 1 8 2.2zM6.6 13.6a1.5 1.5 0 0 0 2.8 0"
            }
            Self::Settings => {
                "M2.5 4.5h5M10.5 4.5h3M2.5 11.5h3M8.5 11.5h5M9 6.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4M7 13.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4"
            }
            Self::Report => "M3.5 2.5h6l3 3v8h-9zM9.5 2.5v3h3M5.8 8h4.4M5.8 10.7h4.4",
            Self::Usage => "M8 1.8V8l4.4 4.4A6.2 6.2 0 1 1 8 1.8zM10.5 2.3a6 6 0 0 1 3.3 4.2h-3.3z",
            Self::Budget => "M2.5 5.2h11v7.3h-11zM2.5 5.2 10.8 2.6v2.6M10.8 8.9h.01",
            Self::Team => {
                "M6 7.6a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6M1.8 13a4.3 4.3 0 0 1 8.4 0M10.6 3.3a2.2 2.2 0 0 1 0 4.2M12.2 9.7a4.2 4.2 0 0 1 2 3.3"
            }
            Self::User => "M8 8.2a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6M2.8 13.6a5.3 5.3 0 0 1 10.4 0",
            Self::Customer => {
                "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4M8 8.8a2.1 2.1 0 1 0 0-4.2 2.1 2.1 0 0 0 0 4.2M4.2 12.8a4.1 4.1 0 0 1 7.6 0"
            }
            Self::Organization => {
                "M2.5 13.5h11M4 13.5v-11h8v11M6.5 5.3h.01M9.5 5.3h.01M6.5 8h.01M9.5 8h.01M6.9 13.5v-2.7h2.2v2.7"
            }
            Self::Tag => "M2.5 2.5h5.2l5.8 5.8-5.2 5.2-5.8-5.8zM5.5 5.5h.01",
            Self::Search => "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.4 10.4l3.1 3.1",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::Copy => "M5.8 5.8h7.7v7.7H5.8zM10.2 5.6V2.5H2.5v7.7h3.1",
            Self::Check => "M3 8.5l3.2 3.2L13 4.8",
            Self::Download => "M8 2.5v7.3M4.8 6.9 8 10l3.2-3.1M2.8 13.3h10.4",
            Self::Play => "M5 3.2v9.6L12.5 8z",
            Self::Previous => "M10 3.5 5.5 8l4.5 4.5",
            Self::Next => "M6 3.5 10.5 8 6 12.5",
            Self::SignIn => "M9.5 2.5h4v11h-4M2.5 8h7.3M6.9 4.8 10 8l-3.1 3.2",
            Self::Warning => "M8 2.2 14.3 13.3H1.7zM8 6.4v3.2M8 11.5h.01",
        }
    }
}

/// The icon as an element.
pub(crate) fn icon(icon: Icon) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d=icon.path()></path>
        </svg>
    }
}
