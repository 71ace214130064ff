//! `deploy/config.reference.yaml` names every setting there is, with the default it really has.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::*;

const REFERENCE: &str = include_str!("../../../../deploy/config.reference.yaml");

/// A setting that was asked for: its section's path and its name.
type Asked = BTreeSet<(String, String)>;

thread_local! {
    static ASKED: RefCell<Asked> = RefCell::default();
}

/// Called by the reader for every section it reads.
pub(in crate::config) fn record(path: &str, names: &[&str]) {
    ASKED.with_borrow_mut(|asked| {
        asked.extend(names.iter().map(|name| (path.to_owned(), (*name).to_owned())));
    });
}

/// The reference with every setting in force.
fn uncommented() -> String {
    let lines = REFERENCE.lines().map(|line| {
        let text = line.trim_start();
        let is_setting = text.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
        if is_setting { line.replacen('#', "", 1) } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The problems apart from those that say a setting has not in force yet.
fn serious(loaded: &Loaded) -> Vec<String> {
    let lines = shown(loaded);
    lines.into_iter().filter(|line| !line.contains("not in force yet")).collect()
}

#[test]
fn as_it_is_it_changes_nothing() {
    let loaded = load(REFERENCE);
    assert_eq!(serious(&loaded), Vec::<String>::new());
    let config = Config { deployments: Vec::new(), ..loaded.config };
    assert_eq!(config, Config::default());
}

#[test]
fn the_values_shown_are_the_defaults() {
    let as_it_is = load(REFERENCE).config;
    let loaded = load(&uncommented());
    assert_eq!(serious(&loaded), Vec::<String>::new());
    let mut config = loaded.config;
    // What is shown with the model and what its id is made of are the lines themselves.
    for (deployment, plain) in config.deployments.iter_mut().zip(&as_it_is.deployments) {
        deployment.id.clone_from(&plain.id);
        deployment.params.clone_from(&plain.params);
        deployment.info.clone_from(&plain.info);
    }
    // Where these are not given, it is the router that has defaults.
    config.router.routing_strategy_args = RoutingStrategyArgs::default();
    assert_eq!(config, as_it_is);
}

#[test]
fn every_setting_is_listed_in_its_section() {
    ASKED.with_borrow_mut(BTreeSet::clear);
    load(&uncommented());
    let asked = ASKED.take();
    assert!(asked.len() > 80, "only {} settings were read", asked.len());
    let root = node::Node::parse(&uncommented(), "reference").unwrap().to_json();
    let missing: Vec<_> = asked
        .iter()
        .filter(|(path, name)| {
            let pointer = format!("/{path}").replace(['.', '['], "/").replace(']', "");
            let section = root.pointer(pointer.trim_end_matches('/'));
            section.is_none_or(|section| section.get(name).is_none())
        })
        .collect();
    assert!(missing.is_empty(), "not in the reference: {missing:?}");
}

#[test]
fn every_price_is_listed() {
    for name in crate::config::model::price_names() {
        assert!(REFERENCE.contains(&format!("#{name}:")), "{name}");
    }
}
