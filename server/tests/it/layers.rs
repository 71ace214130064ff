//! Modules are listed in `lib.rs` from the ground up; each uses only those above it.

use std::path::{Path, PathBuf};

const SRC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// Modules in the order of `lib.rs`.
fn layers() -> Vec<String> {
    let text = std::fs::read_to_string(format!("{SRC}/lib.rs")).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The module a file belongs to: the first part of its path.
fn module_of(path: &Path) -> String {
    let first = path.strip_prefix(SRC).unwrap().iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// Modules that a source names after `crate::`, tests and comments apart.
fn named_in(text: &str) -> Vec<String> {
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code = product.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let rests = code.split("crate::").skip(1);
    rests
        .flat_map(|rest| {
            let listed = rest.strip_prefix('{').map(|list| list.split('}').next().unwrap_or_default().split(','));
            let parts: Vec<&str> = listed.map_or_else(|| vec![rest], Iterator::collect);
            let name =
                |part: &str| part.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            parts.into_iter().map(name).collect::<Vec<String>>()
        })
        .collect()
}

/// `(module, other module it names, file)`, of modules that name another.
fn uses() -> Vec<(String, String, PathBuf)> {
    let layers = layers();
    let files = sources(Path::new(SRC)).into_iter().filter(|path| layers.contains(&module_of(path)));
    let uses = files.flat_map(|path| {
        let module = module_of(&path);
        let named = named_in(&std::fs::read_to_string(&path).unwrap());
        named.into_iter().map(move |name| (module.clone(), name, path.clone())).collect::<Vec<_>>()
    });
    uses.filter(|(module, named, _)| module != named).collect()
}

#[test]
fn modules_use_only_those_listed_above_them() {
    let layers = layers();
    let place = |module: &str| layers.iter().position(|layer| layer == module);
    let uses = uses();
    assert!(uses.len() > 100, "{} uses found", uses.len());
    let upward: Vec<_> = uses.iter().filter(|(module, named, _)| place(named) > place(module)).collect();
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn the_data_plane_names_neither_database_nor_control_plane() {
    let forbidden = ["db", "management", "auth"];
    let found: Vec<_> = uses()
        .into_iter()
        .filter(|(module, named, _)| module == "gateway" && forbidden.contains(&named.as_str()))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}
