//! A password set with the link of a letter: the first, of somebody invited, or another, of somebody who forgot theirs.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use tollgate_openapi::invitation::InvitationAccept;
use tollgate_openapi::user::password::PasswordReset;

use crate::app::{ROOT, Session, use_session};
use crate::pages::session::Gate;
use crate::ui::field::TextField;
use crate::ui::form::{FormAlert, FormState};
use crate::ui::toast::use_toasts;
use crate::{api, browser};

/// Which link led here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Invitation,
    Reset,
}

impl Link {
    /// The link that an address of the console is, if it is one.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path.trim_end_matches('/') {
            "/ui/invitation" | "/invitation" => Some(Self::Invitation),
            "/ui/reset" | "/reset" => Some(Self::Reset),
            _ => None,
        }
    }

    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Invitation => {
                ("Welcome to Tollgate", "Choose a password to sign in with.", "Set password and sign in")
            }
            Self::Reset => {
                ("Set a new password", "You are signed out everywhere, and sign in with it.", "Set password")
            }
        }
    }
}

#[component]
pub(crate) fn NewPassword(
    link: Link,
    /// What the link carries; empty where that was lost on the way.
    token: String,
) -> impl IntoView {
    let (title, lead, action) = link.words();
    browser::set_title(&format!("{title} · Tollgate"));
    if token.is_empty() {
        return no_token();
    }
    let (password, again) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let state = FormState::new(&[&["password", "again"]]);
    let (session, toasts, navigate) = (use_session(), use_toasts(), use_navigate());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if password.get_untracked() != again.get_untracked() {
            return state.refuse(BTreeMap::from([("again".to_owned(), "This is not the same.".to_owned())]));
        }
        state.is_busy.set(true);
        let (token, password, navigate) = (token.clone(), password.get_untracked(), navigate.clone());
        spawn_local(async move {
            match set(link, token, password).await {
                Ok(now) => {
                    if now == Session::SignedOut {
                        toasts.done("Your password is set. Sign in with it.");
                    }
                    session.set(now);
                    navigate("/", NavigateOptions { replace: true, ..NavigateOptions::default() });
                }
                Err(error) => state.fail(error),
            }
        });
    };
    view! {
        <Gate>
            <form class="sign-in-form" on:submit=submit novalidate>
                <h1>{title}</h1>
                <p class="muted">{lead}</p>
                <FormAlert state=state />
                <TextField label="New password" name="password" value=password errors=state.errors kind="password" autocomplete="new-password"
                    autofocus=true hint="At least 12 characters, unless your gateway asks for more. A few words that do not belong together are best." />
                <TextField label="Once more" name="again" value=again errors=state.errors kind="password" autocomplete="new-password" />
                <button class="button button-primary button-wide" type="submit" disabled=state.is_busy>{action}</button>
                <a class="link-button" href=ROOT>"Go to sign-in"</a>
            </form>
        </Gate>
    }
    .into_any()
}

/// What a link says whose part behind # was lost on the way.
fn no_token() -> AnyView {
    view! {
        <Gate>
            <div class="sign-in-form">
                <h1>"This link is not whole"</h1>
                <p class="muted">"A part of it is missing. Copy all of it from the letter, up to the end of its last line."</p>
                <a class="link-button" href=ROOT>"Go to sign-in"</a>
            </div>
        </Gate>
    }
    .into_any()
}

/// Sets the password and tells who is signed in then.
async fn set(link: Link, token: String, password: String) -> Result<Session, api::ApiError> {
    match link {
        Link::Invitation => {
            let accepted = api::invitation::accept(&InvitationAccept { token, password }).await?;
            Ok(accepted.session.map_or(Session::SignedOut, Session::SignedIn))
        }
        Link::Reset => {
            api::user::reset_password(&PasswordReset { token, password }).await?;
            Ok(Session::SignedOut)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_letters_are_told_from_pages() {
        assert_eq!(Link::of("/ui/invitation"), Some(Link::Invitation));
        assert_eq!(Link::of("/ui/reset/"), Some(Link::Reset));
        assert_eq!(Link::of("/ui/invitations"), None);
        assert_eq!(Link::of("/ui"), None);
    }
}
