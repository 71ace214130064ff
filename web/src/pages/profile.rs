//! The reader's own account: password, second factor, access tokens, sessions.

mod access_token;
mod password;
pub(crate) mod second_factor;
mod sessions;

use leptos::prelude::*;

use crate::app::use_session;
use crate::pages::profile::access_token::AccessTokens;
use crate::pages::profile::password::ChangePassword;
use crate::pages::profile::second_factor::SecondFactor;
use crate::pages::profile::sessions::Sessions;
use crate::ui::page::Page;

#[component]
pub(crate) fn ProfilePage() -> impl IntoView {
    let method = use_session().view().map(|view| view.method).unwrap_or_default();
    let own = match Account::of(&method) {
        Account::Here => view! {
            <Section title="Password" text="Changing it signs you out everywhere else."><ChangePassword /></Section>
            <Section title="Second factor" text="A code of your phone, asked for after the password.">
                <SecondFactor on_change=Callback::new(|()| {}) />
            </Section>
        }
        .into_any(),
        Account::Elsewhere => view! {
            <p class="notice">"You signed in with your company's sign-in: password and second factor are kept there."</p>
        }
        .into_any(),
        Account::Environment => view! {
            <p class="notice">"You signed in as UI_USERNAME: its password is set where the gateway runs."</p>
        }
        .into_any(),
    };
    let tokens = (Account::of(&method) != Account::Environment).then(|| {
        view! {
            <Section title="Access tokens" text="For scripts that call the management API in your name. Models are called with keys.">
                <AccessTokens />
            </Section>
        }
    });
    view! {
        <Page title="Profile" lead="How you sign in, and where you are.">
            <div class="sections">
                {own}
                {tokens}
                <Section title="Sessions" text="The browsers you are signed in with."><Sessions /></Section>
            </div>
        </Page>
    }
    .into_any()
}

/// Where the reader's password is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    Here,
    Elsewhere,
    Environment,
}

impl Account {
    fn of(method: &str) -> Self {
        match method {
            "environment" => Self::Environment,
            method if method.starts_with("sso:") => Self::Elsewhere,
            _ => Self::Here,
        }
    }
}

#[component]
fn Section(title: &'static str, text: &'static str, children: Children) -> impl IntoView {
    view! {
        <section class="profile-section">
            <div>
                <h2>{title}</h2>
                <p class="muted">{text}</p>
            </div>
            <div class="profile-content">{children()}</div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_password_is_kept_follows_from_how_one_signed_in() {
        assert_eq!(Account::of("password"), Account::Here);
        assert_eq!(Account::of("invitation"), Account::Here);
        assert_eq!(Account::of("sso:okta"), Account::Elsewhere);
        assert_eq!(Account::of("environment"), Account::Environment);
    }
}
