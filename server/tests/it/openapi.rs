//! The committed openapi.json is the one this code describes.

use serde_json::Value;
use tollgate::management::openapi::document;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/openapi.json");

/// `UPDATE_OPENAPI=1 cargo test openapi` writes it anew.
#[test]
fn the_committed_document_is_up_to_date() {
    let now = document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, &now).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    assert!(committed == now, "openapi/openapi.json has drifted: run UPDATE_OPENAPI=1 cargo test -p tollgate openapi");
}

#[test]
fn every_operation_is_named_explained_and_says_how_it_refuses() {
    let document: Value = serde_json::to_value(document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap();
        operations.iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    let mut ids = Vec::new();
    for (name, operation) in operations {
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name} has no summary");
        assert!(operation["tags"][0].is_string(), "{name} has no tag");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let names: Vec<_> = parameters.iter().map(|parameter| parameter["name"].to_string()).collect();
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len(), "{name} names a parameter twice");
        for parameter in &parameters {
            assert!(parameter["in"] == "query" || parameter["in"] == "path", "{name}: {parameter}");
            assert!(parameter["description"].is_string(), "{name}: {parameter}");
        }
        ids.push(operation["operationId"].to_string());
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "two operations share an id");
}
