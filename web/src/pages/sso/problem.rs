//! Why a sign-in came to nothing, and what to do.

use leptos::prelude::*;
use tollgate_openapi::sso::{PROBLEM_PAGE, SsoProblem};

use crate::app::ROOT;
use crate::pages::session::Gate;
use crate::ui::location::use_url;
use crate::{browser, url};

/// Whether `path` is this page, which shows whoever is signed in.
pub(crate) fn is_problem_page(path: &str) -> bool {
    path.trim_end_matches('/') == PROBLEM_PAGE
}

/// What happened, and what to do about it.
const fn words(problem: SsoProblem) -> (&'static str, &'static str) {
    use SsoProblem as P;
    match problem {
        P::UnknownProvider => (
            "This way to sign in does not exist",
            "It may have been switched off. Go back to the sign-in page and choose another one.",
        ),
        P::ProviderDown => (
            "Your identity provider does not answer",
            "It is down, or answers with something Tollgate does not understand. Try again in a few minutes. If it lasts, tell your administrator: the gateway's log says what it answered.",
        ),
        P::ClientRefused => (
            "Your identity provider does not accept Tollgate",
            "The client id, its secret or its permissions are not right there. Only your administrator can mend that.",
        ),
        P::WrongIssuer => (
            "The answer came from somebody else",
            "Tollgate asked one identity provider and another one answered. Start again from the sign-in page. If it happens again, your administrator should check the issuer's address.",
        ),
        P::InvalidToken => (
            "Your identity provider's answer could not be verified",
            "Start again from the sign-in page. If it happens again, your administrator should check the client id and the clocks of both servers.",
        ),
        P::UnknownState => (
            "This sign-in was not begun in this browser",
            "Cookies may be switched off, or the address was copied from elsewhere. Start again from the sign-in page, and finish in the same browser.",
        ),
        P::Expired => ("The sign-in took too long", "Ten minutes are allowed. Start again from the sign-in page."),
        P::Replayed => (
            "This sign-in is over already",
            "An address is good for one sign-in: reloading it, or going back to it, does nothing. Start again from the sign-in page.",
        ),
        P::Denied => (
            "You were not signed in",
            "You, or your identity provider, said no. If it was the provider, ask your administrator to give you access to Tollgate there.",
        ),
        P::UnverifiedEmail => (
            "Your e-mail address is not verified",
            "Your identity provider does not say that the address is yours, so it cannot lead to an account. Verify it there and sign in again. If there is nothing to verify, your administrator can let Tollgate trust the provider's addresses.",
        ),
        P::NoEmail => (
            "Your identity provider did not tell your e-mail address",
            "Tollgate needs it here. Add one to your profile there, or ask your administrator to let the provider tell it (scope “email”).",
        ),
        P::DomainNotAllowed => (
            "Your e-mail address may not sign in here",
            "Only addresses of certain domains may. Sign in with your work address, or ask your administrator to allow yours.",
        ),
        P::TwoAccounts => (
            "Your name or e-mail address belongs to another account",
            "Somebody who signs in differently has it already. Sign in as you did the first time, or ask your administrator which of the two accounts should stay.",
        ),
        P::NoAccount => (
            "You have no account yet",
            "Accounts are not made by signing in here. Ask your administrator to invite you.",
        ),
        P::Blocked => ("Your account is blocked", "Ask your administrator why, and to let you in again."),
        P::Unavailable => (
            "Tollgate could not finish the sign-in",
            "Try again in a moment. If it lasts, tell your administrator: the gateway's log says why.",
        ),
    }
}

#[component]
pub(crate) fn SsoProblemPage() -> impl IntoView {
    browser::set_title("Not signed in · Tollgate");
    let url = use_url();
    let problem = url.get("reason").and_then(|reason| url::parse_word(&reason)).unwrap_or(SsoProblem::Unavailable);
    let (title, text) = words(problem);
    // It comes from the address: only what can be an id is made into one.
    let is_id = |id: &String| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let again = url.get("provider").filter(is_id).map(|id| {
        view! { <a class="button button-wide" href=format!("/sso/sign_in/{id}") rel="external">"Try again"</a> }
    });
    view! {
        <Gate>
            <div class="sign-in-form">
                <h1>{title}</h1>
                <p role="alert">{text}</p>
                <a class="button button-primary button-wide" href=ROOT rel="external">"Go to the sign-in page"</a>
                {again}
            </div>
        </Gate>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_says_what_to_do() {
        let mut titles: Vec<&str> = SsoProblem::ALL.iter().map(|problem| words(*problem).0).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), SsoProblem::ALL.len());
        for problem in SsoProblem::ALL {
            assert_eq!(url::parse_word(problem.as_str()), Some(problem));
        }
    }

    #[test]
    fn the_page_is_known_by_its_path() {
        assert!(is_problem_page("/ui/sso-problem") && is_problem_page("/ui/sso-problem/"));
        assert!(!is_problem_page("/ui/keys"));
    }
}
