//! Access groups: names for several models together, which lists of models may have in the place of the models' own.

use std::collections::HashMap;

use super::ModelAccess;

/// Which models belong to which groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessGroups {
    /// The groups of each model, by its public name.
    models: HashMap<String, Vec<String>>,
    /// What stands before and after the `*` of a name, and the groups of all models that fit.
    patterns: Vec<(String, String, Vec<String>)>,
}

impl AccessGroups {
    /// Those of models and patterns by name, each with its groups.
    pub fn new<'a>(models: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Self {
        let mut groups = Self::default();
        for (name, own) in models.into_iter().filter(|(_, own)| !own.is_empty()) {
            match name.split_once('*') {
                Some((before, after)) => groups.patterns.push((before.to_owned(), after.to_owned(), own.to_vec())),
                None => groups.models.entry(name.to_owned()).or_default().extend_from_slice(own),
            }
        }
        groups
    }

    /// Whether `access` allows `model`, by its name or by a group it belongs to.
    #[must_use]
    pub fn allow(&self, access: &ModelAccess, model: &str) -> bool {
        access.allows(model) || self.of(model).any(|group| access.names(group))
    }

    /// The groups that `model` belongs to.
    pub fn of<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a String> {
        let fits = move |(before, after, _): &&(String, String, Vec<String>)| {
            let middle = model.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(after.as_str()));
            middle.is_some_and(|middle| !middle.is_empty())
        };
        let of_patterns = self.patterns.iter().filter(fits).flat_map(|(_, _, groups)| groups);
        self.models.get(model).into_iter().flatten().chain(of_patterns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_stands_for_its_models_and_for_those_that_fit_its_patterns() {
        let beta = vec!["beta".to_owned()];
        let groups = AccessGroups::new([("gpt", &*beta), ("openai/*", &*beta), ("other", &[])]);
        let access = ModelAccess::from_list(&beta);
        for (model, is_allowed) in
            [("gpt", true), ("openai/gpt-4o", true), ("openai/", false), ("other", false), ("beta", true)]
        {
            assert_eq!(groups.allow(&access, model), is_allowed, "{model}");
        }
        assert!(groups.allow(&ModelAccess::All, "other"));
    }
}
