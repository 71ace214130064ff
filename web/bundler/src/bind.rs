//! wasm-bindgen, as a library: no separately installed tool can be of another version.

use std::path::Path;

use anyhow::Result;
use wasm_bindgen_cli_support::{Bindgen, Output};

/// The console's wasm and the JavaScript that loads it.
pub(crate) struct Bound {
    pub(crate) wasm: Vec<u8>,
    pub(crate) js: String,
    /// JavaScript that dependencies bring along, by asset name; `js` refers to it as `asset:name`.
    pub(crate) snippets: Vec<(String, String)>,
}

/// Generates the glue for browsers that load ES modules.
pub(crate) fn bind(wasm_file: &Path) -> Result<Bound> {
    let mut output = Bindgen::new()
        .input_path(wasm_file)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .out_name("tollgate")
        .generate_output()?;
    let mut bound = Bound { wasm: output.wasm_mut().emit_wasm(), js: output.js().to_owned(), snippets: Vec::new() };
    for (path, text) in snippets(&output) {
        let name = format!("snippet-{}", path.replace('/', "-"));
        bound.js = bound.js.replace(&format!("./snippets/{path}"), &format!("asset:{name}"));
        bound.snippets.push((name, text));
    }
    Ok(bound)
}

/// Path below `snippets/` and text of each, in a stable order.
fn snippets(output: &Output) -> Vec<(String, String)> {
    let inline = output.snippets().iter().flat_map(|(identifier, texts)| {
        let name = move |index| format!("{identifier}/inline{index}.js");
        texts.iter().enumerate().map(move |(index, text)| (name(index), text.clone()))
    });
    let modules = output.local_modules().iter().map(|(path, text)| (path.clone(), text.clone()));
    let mut all: Vec<_> = inline.chain(modules).collect();
    all.sort();
    all
}
