//! What a model that thinks does not take.
//!
//! Source: Anthropic's documentation, "Extended thinking", "Feature compatibility".

use crate::provider::chat::ChatBody;

/// How likely what is chosen from has to be at least.
const TOP_P_MIN: f64 = 0.95;

/// Parameters by which nobody may choose its words while it thinks, and whether they are sent.
pub(in crate::provider) fn refused(body: &ChatBody) -> [(&'static str, bool); 3] {
    [
        ("temperature", body.temperature.is_some_and(|temperature| temperature < 1.0)),
        ("top_p", body.top_p.is_some_and(is_narrow)),
        ("top_k", body.top_k.is_some()),
    ]
}

/// Whether it chooses from too few words.
pub(in crate::provider) fn is_narrow(top_p: f64) -> bool {
    top_p < TOP_P_MIN
}
