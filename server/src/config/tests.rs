//! Whole files in, settings and problems out.

mod cache;
mod deployments;
mod fixtures;
mod includes;
mod limits;
mod problems;
mod providers;
mod reference;
mod settings;

use std::collections::BTreeMap;

pub(super) use reference::record;

use super::*;

/// Loads a text as `config.yaml` with these environment variables.
fn load_with(text: &str, variables: &[(&str, &str)]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, text).unwrap();
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    Config::load(Some(&path), |name| variables.get(name).map(|v| (*v).to_owned()))
}

fn load(text: &str) -> Loaded {
    load_with(text, &[])
}

/// Loads a text that has no problem at all.
fn load_clean(text: &str, variables: &[(&str, &str)]) -> Config {
    let loaded = load_with(text, variables);
    assert_eq!(shown(&loaded), Vec::<String>::new());
    loaded.config
}

/// The problems as they are printed, without the folder.
fn shown(loaded: &Loaded) -> Vec<String> {
    let lines = loaded.problems.iter().map(ToString::to_string);
    lines
        .map(|line| line.split_once("config.yaml").map_or(line.clone(), |(_, rest)| format!("config.yaml{rest}")))
        .collect()
}
