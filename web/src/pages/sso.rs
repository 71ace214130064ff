//! Single sign-on: its part of the sign-in page, what went wrong there, and the page of its providers.

mod detail;
mod draft;
mod form;
mod list;
mod problem;
mod sign_in;

pub(crate) use list::SsoPage;
pub(crate) use problem::{SsoProblemPage, is_problem_page};
pub(crate) use sign_in::SsoSignIn;
