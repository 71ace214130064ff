//! How a model on AWS Bedrock is written: `ROUTE/REGION/ID`, where the id is a model's, an inference profile's, or an ARN.

/// Ways of calling that the Converse API covers, written before the id.
const ROUTES: &[&str] = &["converse", "converse_like", "invoke"];

/// What LiteLLM writes before the ARN of an imported model, to say what it was made from, and the model that is meant.
const IMPORTED: &[(&str, &str)] = &[
    ("llama", "meta.llama3"),
    ("deepseek_r1", "deepseek.r1"),
    ("nova", "amazon.nova"),
    ("nova-2", "amazon.nova-2"),
    ("qwen2", "qwen.qwen2"),
    ("qwen3", "qwen.qwen3"),
    ("openai", "openai.gpt-oss"),
    ("moonshot", "moonshot.kimi"),
];

/// Terms of a provisioned model that older names carry.
const COMMITMENTS: &[&str] = &["1-month-commitment", "6-month-commitment"];

/// A model's name taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BedrockModel<'a> {
    /// The region it is called in, where the name or the ARN says.
    pub region: Option<&'a str>,
    /// What the address calls it.
    pub id: &'a str,
    /// What it was made from, where the name says.
    pub base: Option<&'static str>,
}

impl<'a> BedrockModel<'a> {
    /// Takes `name` apart, as it stands after `bedrock/`.
    #[must_use]
    pub fn parse(name: &'a str) -> Self {
        let mut model = Self { region: None, id: name, base: None };
        // An ARN has slashes of its own.
        while let Some((first, rest)) = model.id.split_once('/').filter(|_| !model.id.starts_with("arn:")) {
            if is_region(first) {
                model.region = Some(first);
            } else if let Some((_, base)) = IMPORTED.iter().find(|(word, _)| *word == first) {
                model.base = Some(base);
            } else if !ROUTES.contains(&first) && !COMMITMENTS.contains(&first) {
                break;
            }
            model.id = rest;
        }
        if model.region.is_none() && model.id.starts_with("arn:") {
            model.region = model.id.split(':').nth(3).filter(|region| is_region(region));
        }
        model
    }
}

/// Whether this is a region's name, such as `us-east-1` or `us-gov-west-1`.
#[must_use]
pub fn is_region(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let [area, middle @ .., number] = parts.as_slice() else { return false };
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    area.len() == 2
        && is_word(area)
        && !middle.is_empty()
        && middle.iter().all(is_word)
        && matches!(number.as_bytes(), [digit] if digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        const PROFILE: &str = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123";
        let imported = format!("us-east-1/deepseek_r1/{PROFILE}");
        for (name, region, id, base) in [
            ("amazon.nova-lite-v1:0", None, "amazon.nova-lite-v1:0", None),
            ("converse/us.amazon.nova-lite-v1:0", None, "us.amazon.nova-lite-v1:0", None),
            ("us-gov-west-1/anthropic.claude-v2", Some("us-gov-west-1"), "anthropic.claude-v2", None),
            ("invoke/ap-southeast-2/cohere.command-r-v1:0", Some("ap-southeast-2"), "cohere.command-r-v1:0", None),
            ("us-west-2/1-month-commitment/anthropic.claude-v1", Some("us-west-2"), "anthropic.claude-v1", None),
            (PROFILE, Some("eu-west-1"), PROFILE, None),
            (&imported, Some("us-east-1"), PROFILE, Some("deepseek.r1")),
            ("arn:aws:bedrock:::foundation-model/x", None, "arn:aws:bedrock:::foundation-model/x", None),
            ("something/else", None, "something/else", None),
        ] {
            assert_eq!(BedrockModel::parse(name), BedrockModel { region, id, base }, "{name}");
        }
    }

    #[test]
    fn regions_are_told_from_other_words() {
        for name in ["us-east-1", "eu-central-2", "us-iso-east-1", "cn-north-1", "mx-central-1"] {
            assert!(is_region(name), "{name}");
        }
        for name in ["", "us", "us-1", "converse", "us-east", "us-east-10", "USA-east-1", "nova-2", "us--1"] {
            assert!(!is_region(name), "{name}");
        }
    }
}
