//! Rust to wasm, by cargo.
//!
//! No `wasm-opt`: Debian's (108) exports the wrong table, so that the console does not start, and it saves 1 % after
//! compression.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{say, web_folder};

/// Views have one type, so that what draws them is compiled once and not for every place that they stand in: a smaller file,
/// sooner compiled.
const ONE_VIEW_TYPE: (&str, &str) = ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "--cfg=erase_components");

/// Builds the console's crate and returns the wasm file that cargo wrote.
///
/// Cargo itself says where that is, so every way of moving the target folder works.
pub(crate) fn compile(is_dev: bool) -> Result<PathBuf> {
    let profile = if is_dev { "dev" } else { "wasm" };
    say(&format!("compiling the console (profile {profile})"));
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    if !is_dev {
        let (name, value) = ONE_VIEW_TYPE;
        command.env(name, value);
    }
    let output = command
        .args(["build", "--package", "tollgate-web"])
        .args(["--target", "wasm32-unknown-unknown", "--profile", profile])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(web_folder())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the console does not compile (is the target there? `rustup target add wasm32-unknown-unknown`)");
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(console_executable)
        .next_back()
        .context("cargo did not say where the wasm is")
}

/// The wasm file, when `line` is cargo's message about the console's binary.
fn console_executable(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let is_console = message.pointer("/target/name")? == "tollgate-web";
    let file = message.get("executable")?.as_str()?;
    is_console.then(|| file.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_console_among_cargo_messages() {
        let other = r#"{"reason":"compiler-artifact","target":{"name":"leptos"},"executable":null}"#;
        let ours =
            r#"{"reason":"compiler-artifact","target":{"name":"tollgate-web"},"executable":"/t/tollgate-web.wasm"}"#;
        assert_eq!(console_executable(other), None);
        assert_eq!(console_executable("not json"), None);
        assert_eq!(console_executable(ours), Some("/t/tollgate-web.wasm".into()));
    }
}
