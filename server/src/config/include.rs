//! Files, and the files they include.

use std::path::{Path, PathBuf};

use super::node::{Entry, Node, Value};
use super::problem::Place;
use super::reader::{Item, Problems};

/// The longest file read, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// How deep files may include each other.
const MAX_DEPTH: usize = 8;

/// Reads a file with everything it includes as one tree. `None` when it cannot be read at all.
pub(super) fn read_file(path: &Path, problems: &Problems) -> Option<Node> {
    let mut open = Vec::new();
    let (mut root, at) = read_tree(path, problems, &mut open)?;
    if matches!(root.value, Value::Null) {
        root.value = Value::Map(Vec::new());
    }
    if !matches!(root.value, Value::Map(_)) {
        problems.error(&at, "", format!("expected a mapping with model_list and settings, got {}", root.kind()));
        return None;
    }
    Some(root)
}

fn read_tree(path: &Path, problems: &Problems, open: &mut Vec<PathBuf>) -> Option<(Node, Place)> {
    let shown = path.display().to_string();
    let whole = Place::whole(&shown);
    let text = match read_text(path) {
        Ok(text) => text,
        Err(reason) => {
            problems.error(&whole, "", reason);
            return None;
        }
    };
    let mut root = match Node::parse(&text, &shown) {
        Ok(root) => root,
        Err(malformed) => {
            problems.error(&malformed.at, "", malformed.message);
            return None;
        }
    };
    open.push(std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
    for included in included(&root, path, problems, open) {
        if let Some((other, _)) = read_tree(&included, problems, open) {
            merge(&mut root, other, problems);
        }
    }
    open.pop();
    let at = root.at.clone();
    Some((root, at))
}

fn read_text(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot read the file: {error}");
    let length = std::fs::metadata(path).map_err(cannot)?.len();
    if length > MAX_FILE_BYTES {
        return Err(format!("the file is longer than {MAX_FILE_BYTES} bytes"));
    }
    std::fs::read_to_string(path).map_err(cannot)
}

/// The files named under `include`, relative to the file that names them.
fn included(root: &Node, path: &Path, problems: &Problems, open: &[PathBuf]) -> Vec<PathBuf> {
    let Value::Map(entries) = &root.value else {
        return Vec::new();
    };
    let Some(entry) = entries.iter().find(|entry| entry.key == "include") else {
        return Vec::new();
    };
    let item = Item { node: &entry.node, path: "include".to_owned(), problems };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for item in item.list(true) {
        let Some(name) = item.text() else { continue };
        let file = folder.join(&name);
        let same = std::fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
        if open.contains(&same) {
            item.error(format!("\"{name}\" includes itself"));
        } else if open.len() >= MAX_DEPTH {
            item.error(format!("files include each other more than {MAX_DEPTH} deep"));
        } else if !file.is_file() {
            item.error(format!("there is no file \"{}\"", file.display()));
        } else {
            files.push(file);
        }
    }
    files
}

/// Adds an included file: lists grow, maps are joined, and of two values for one setting the including file's stays.
fn merge(into: &mut Node, from: Node, problems: &Problems) {
    let Value::Map(theirs) = from.value else {
        if !matches!(from.value, Value::Null) {
            problems.error(&from.at, "", "expected a mapping with model_list and settings");
        }
        return;
    };
    if matches!(into.value, Value::Null) {
        into.value = Value::Map(Vec::new());
    }
    if let Value::Map(ours) = &mut into.value {
        merge_maps(ours, theirs, "", problems);
    }
}

fn merge_maps(ours: &mut Vec<Entry>, theirs: Vec<Entry>, path: &str, problems: &Problems) {
    for entry in theirs {
        let inner = super::environment::join(path, &entry.key);
        let Some(own) = ours.iter_mut().find(|own| own.key == entry.key) else {
            ours.push(entry);
            continue;
        };
        match (&mut own.node.value, entry.node.value) {
            (Value::List(ours), Value::List(theirs)) => ours.extend(theirs),
            (Value::Map(ours), Value::Map(theirs)) => merge_maps(ours, theirs, &inner, problems),
            (Value::Null, value) => own.node.value = value,
            _ if inner == "include" => {}
            _ => {
                let message = format!("this setting is also set at {}, which is used", own.node.at);
                problems.warning(&entry.at, &inner, message);
            }
        }
    }
}
