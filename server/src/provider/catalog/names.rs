//! The forms in which one model is named.

use crate::domain::provider::ProviderKind;

/// Ways a Bedrock model is called, written before its name.
const BEDROCK_ROUTES: &[&str] = &["converse/", "converse_like/", "invoke/", "mantle/"];

/// Groups of regions a Bedrock model is served from, written before its name.
const BEDROCK_AREAS: &[&str] = &["us.", "us-gov.", "eu.", "apac.", "au.", "jp.", "ca.", "global."];

/// Where Fireworks keeps its own models.
const FIREWORKS_FOLDER: &str = "accounts/fireworks/models/";

/// Words in the place of a date.
const NO_DATES: &[&str] = &["-latest", "@latest", "@default"];

/// The name as asked for, and then the same model without what only says where, how or tuned by whom it is served.
pub(super) fn forms(provider: ProviderKind, model: &str) -> Vec<&str> {
    let mut forms = vec![model];
    let mut push = |form| {
        if !forms.contains(&form) {
            forms.push(form);
        }
        form
    };
    match provider {
        ProviderKind::Bedrock => {
            let routed = BEDROCK_ROUTES.iter().find_map(|route| model.strip_prefix(route));
            let model = push(routed.unwrap_or(model));
            // What is left of the last slash is a region, or the beginning of an ARN.
            let model = push(model.rsplit('/').next().unwrap_or(model));
            let local = BEDROCK_AREAS.iter().find_map(|area| model.strip_prefix(area));
            push(local.unwrap_or(model));
        }
        ProviderKind::FireworksAi => {
            push(model.strip_prefix(FIREWORKS_FOLDER).unwrap_or(model));
        }
        ProviderKind::OpenAi | ProviderKind::Azure => {
            // A tuned model is "ft:base:organization:name:id" and has its own price under "ft:base", if any.
            if let Some(tuned) = model.strip_prefix("ft:") {
                let base = tuned.split(':').next().unwrap_or(tuned);
                push(model.get(..base.len() + "ft:".len()).unwrap_or(model));
            }
        }
        _ => {}
    }
    forms
}

/// A name's family and its date, as a number that sorts by time: `-2024-08-06`, `-20250514`, `@20250514`, `-08-2024`,
/// `-0613`; `-latest` is later than any. `None` where it has none.
pub(super) fn split_date(name: &str) -> Option<(&str, u32)> {
    if let Some(family) = NO_DATES.iter().find_map(|ending| name.strip_suffix(ending)) {
        return Some((family, u32::MAX));
    }
    let (rest, last) = name.rsplit_once(['-', '@'])?;
    match last.len() {
        8 => Some((rest, number(last, 8)?)),
        // A year after its month, or four digits of which each provider means something else.
        4 => match rest.rsplit_once('-') {
            Some((family, month)) if number(month, 2).is_some() => {
                Some((family, number(last, 4)? * 10_000 + number(month, 2)? * 100))
            }
            _ => Some((rest, number(last, 4)?)),
        },
        2 => {
            let (rest, month) = rest.rsplit_once('-')?;
            let (family, year) = rest.rsplit_once('-')?;
            let date = number(year, 4)? * 10_000 + number(month, 2)? * 100 + number(last, 2)?;
            Some((family, date))
        }
        _ => None,
    }
}

/// The number written in exactly so many digits.
fn number(text: &str, digits: usize) -> Option<u32> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_the_rest_of_a_name() {
        for (name, expected) in [
            ("gpt-4o-2024-08-06", Some(("gpt-4o", 20_240_806))),
            ("claude-haiku-4-5-20251001", Some(("claude-haiku-4-5", 20_251_001))),
            ("claude-haiku-4-5@20251001", Some(("claude-haiku-4-5", 20_251_001))),
            ("command-r-08-2024", Some(("command-r", 20_240_800))),
            ("gpt-4-0613", Some(("gpt-4", 613))),
            ("mistral-large-latest", Some(("mistral-large", u32::MAX))),
            ("claude-sonnet-4-5", None),
            ("gpt-4o", None),
            ("o3", None),
            ("llama-70b", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(split_date(name), expected, "{name}");
        }
    }
}
