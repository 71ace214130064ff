//! Addresses.

use super::*;

fn url(base: &str, deployment: &str, version: Option<&str>) -> String {
    operation_url(Url::parse(base).unwrap(), Operation::Chat, deployment, version).unwrap().to_string()
}

#[test]
fn every_form_of_an_address_leads_to_the_same_calls() {
    let resource = "https://name.openai.azure.com";
    let dated = format!("{resource}/openai/deployments/gpt/chat/completions?api-version=2024-10-21");
    for base in [
        resource.to_owned(),
        format!("{resource}/openai"),
        format!("{resource}/openai/deployments/gpt"),
        format!("{resource}/openai/deployments/gpt/chat/completions"),
        format!("{resource}/openai/deployments/gpt/chat/completions?api-version=2023-01-01"),
    ] {
        assert_eq!(url(&base, "gpt", Some("2024-10-21")), dated, "{base}");
    }
    // What was copied from the portal says its version itself.
    assert_eq!(url(&dated, "other", None), dated);
    let default = format!("{resource}/openai/deployments/gpt/chat/completions?api-version={API_VERSION}");
    assert_eq!(url(resource, "gpt", None), default);
}

#[test]
fn the_newer_api_is_told_by_its_address_or_its_version() {
    let resource = "https://name.openai.azure.com";
    let v1 = format!("{resource}/openai/v1/chat/completions");
    for base in [format!("{resource}/openai/v1"), format!("{resource}/openai/v1/")] {
        assert_eq!(url(&base, "gpt", None), v1, "{base}");
        assert_eq!(url(&base, "gpt", Some("2024-10-21")), v1, "it knows no dates");
        assert_eq!(url(&base, "gpt", Some("preview")), format!("{v1}?api-version=preview"));
    }
    assert_eq!(url(resource, "gpt", Some("v1")), v1);
    assert_eq!(url(&format!("{resource}/openai"), "gpt", Some("latest")), format!("{v1}?api-version=latest"));
}

#[test]
fn a_name_cannot_leave_its_place_in_the_path() {
    let got = url("https://name.openai.azure.com", "a/../b?c", Some("v"));
    assert_eq!(got, "https://name.openai.azure.com/openai/deployments/a%2F..%2Fb%3Fc/chat/completions?api-version=v");
}
