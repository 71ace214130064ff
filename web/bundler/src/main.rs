//! Builds the console: compiles it to wasm, generates its JavaScript glue, hashes and compresses every asset and writes
//! the folder that the server embeds.
//!
//! `cargo run -p tollgate-web-bundler -- [--dev] [--out DIR]`

mod asset;
mod bind;
mod compile;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::asset::Bundle;

/// The most the console's wasm may weigh on the wire, in bytes.
const WASM_BROTLI_BYTES_MAX: usize = 800_000;

const USAGE: &str = "usage: tollgate-web-bundler [--dev] [--out DIR]

  --dev      quick build: unoptimised, lightly compressed, no size limit
  --out DIR  where the assets go (default: web/dist)";

struct Options {
    is_dev: bool,
    out: PathBuf,
}

fn main() -> ExitCode {
    let done = parse_options().and_then(|options| options.map_or(Ok(()), |o| bundle(&o)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The command line; `None` when only help was asked for.
fn parse_options() -> Result<Option<Options>> {
    let mut options = Options { is_dev: false, out: web_folder().join("dist") };
    let mut arguments = env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--dev") => options.is_dev = true,
            Some("--out") => options.out = arguments.next().context("--out needs a folder")?.into(),
            Some("--help" | "-h") => {
                say(USAGE);
                return Ok(None);
            }
            _ => bail!("unknown argument {}\n{USAGE}", argument.to_string_lossy()),
        }
    }
    Ok(Some(options))
}

fn bundle(options: &Options) -> Result<()> {
    let wasm_file = compile::compile(options.is_dev)?;
    let bound = bind::bind(&wasm_file)?;

    let mut bundle = Bundle::new(options.is_dev);
    let wasm_brotli_bytes = bundle.add("tollgate.wasm", bound.wasm)?;
    for (name, text) in bound.snippets {
        bundle.add_text(&name, &text)?;
    }
    bundle.add_text("tollgate.js", &bound.js)?;
    let assets = web_folder().join("assets");
    for name in ["inter.woff2", "icon.svg", "chevron.svg"] {
        bundle.add(name, read(&assets.join(name))?)?;
    }
    let style = asset::join_styles(&web_folder().join("style"))?;
    bundle.add_text("tollgate.css", &style)?;
    for name in ["theme.js", "boot.js"] {
        bundle.add_text(name, &read_text(&assets.join(name))?)?;
    }
    bundle.set_page(&read_text(&assets.join("index.html"))?)?;
    bundle.write(&options.out)?;

    if !options.is_dev && wasm_brotli_bytes > WASM_BROTLI_BYTES_MAX {
        bail!("the wasm is {wasm_brotli_bytes} bytes compressed; the limit is {WASM_BROTLI_BYTES_MAX}");
    }
    Ok(())
}

/// The folder of the console's crate: the parent of this one.
fn web_folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Tells the person at the terminal; a closed terminal is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}
