//! Why a call would be let through or refused, as keys and logs show it.

pub(crate) mod answer;
mod check;
mod deployment;
pub(crate) mod limits;
pub(crate) mod model_choice;
pub(crate) mod scope;
pub(crate) mod trial;
pub(crate) mod words;
