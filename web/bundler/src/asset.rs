//! Assets: content-hashed names, brotli twins, and references between them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use brotli::enc::BrotliEncoderParams;
use sha2::{Digest, Sha256};

use crate::{read_text, say};

/// Where the server serves the assets. Absolute, so that they load from every client-side route.
const PUBLIC_PREFIX: &str = "/ui/assets/";

/// How a text asset refers to another: `asset:tollgate.css`.
const REFERENCE: &str = "asset:";

/// Hex characters of the hash in a file name.
const HASH_CHARS: usize = 12;

/// The console's assets, ready to be written.
pub(crate) struct Bundle {
    is_dev: bool,
    /// By the name other assets use.
    files: BTreeMap<String, File>,
    page: Vec<u8>,
}

struct File {
    hashed_name: String,
    raw: Vec<u8>,
    brotli: Vec<u8>,
}

impl Bundle {
    pub(crate) const fn new(is_dev: bool) -> Self {
        Self { is_dev, files: BTreeMap::new(), page: Vec::new() }
    }

    /// Adds an asset and returns its compressed size in bytes.
    pub(crate) fn add(&mut self, name: &str, raw: Vec<u8>) -> Result<usize> {
        let brotli = compress(&raw, self.is_dev)?;
        let brotli_bytes = brotli.len();
        say(&format!("  {name:<16} {:>9} bytes {brotli_bytes:>9} brotli", raw.len()));
        let hashed_name = hash_name(name, &raw);
        let file = File { hashed_name, raw, brotli };
        self.files.insert(name.to_owned(), file);
        Ok(brotli_bytes)
    }

    /// Adds an asset that refers to earlier ones.
    pub(crate) fn add_text(&mut self, name: &str, text: &str) -> Result<usize> {
        let text = self.resolve(text).with_context(|| format!("in {name}"))?;
        self.add(name, text.into_bytes())
    }

    /// Sets `index.html`, the one file whose name has no hash.
    pub(crate) fn set_page(&mut self, html: &str) -> Result<()> {
        self.page = self.resolve(html).context("in index.html")?.into_bytes();
        Ok(())
    }

    /// Replaces each `asset:name` by the asset's public path.
    fn resolve(&self, text: &str) -> Result<String> {
        let mut resolved = text.to_owned();
        for (name, file) in &self.files {
            let path = format!("{PUBLIC_PREFIX}{}", file.hashed_name);
            resolved = resolved.replace(&format!("{REFERENCE}{name}"), &path);
        }
        if let Some((_, rest)) = resolved.split_once(REFERENCE) {
            let name: String = rest.chars().take_while(|c| !"\"')".contains(*c)).collect();
            bail!("no such asset: {name}");
        }
        Ok(resolved)
    }

    /// Writes everything; assets of earlier builds are removed.
    pub(crate) fn write(&self, out: &Path) -> Result<()> {
        let folder = out.join("assets");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for file in self.files.values() {
            write_pair(&folder.join(&file.hashed_name), &file.raw, &file.brotli)?;
        }
        let page_brotli = compress(&self.page, self.is_dev)?;
        write_pair(&out.join("index.html"), &self.page, &page_brotli)?;
        say(&format!("wrote {}", out.display()));
        Ok(())
    }
}

fn write_pair(path: &Path, raw: &[u8], brotli: &[u8]) -> Result<()> {
    let mut compressed = path.as_os_str().to_owned();
    compressed.push(".br");
    fs::write(path, raw)?;
    fs::write(PathBuf::from(compressed), brotli)?;
    Ok(())
}

/// `name-0123456789ab.ext`: a changed asset is another file, so browsers may keep each for ever.
fn hash_name(name: &str, raw: &[u8]) -> String {
    let digest = Sha256::digest(raw);
    let mut hash = String::new();
    for byte in digest.iter().take(HASH_CHARS / 2) {
        let _ = write!(hash, "{byte:02x}");
    }
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{name}-{hash}"),
    }
}

fn compress(raw: &[u8], is_dev: bool) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: if is_dev { 2 } else { 11 },
        lgwin: 22,
        size_hint: raw.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut Cursor::new(raw), &mut compressed, &params)?;
    Ok(compressed)
}

/// All style sheets under `folder` as one, the folder's own first, each group in the order of its names.
pub(crate) fn join_styles(folder: &Path) -> Result<String> {
    let mut entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    entries.sort_by_key(|path| (path.is_dir(), path.clone()));
    let mut style = String::new();
    for path in entries {
        if path.is_dir() {
            style.push_str(&join_styles(&path)?);
        } else if path.extension().is_some_and(|e| e == "css") {
            style.push_str(&strip_comments(&read_text(&path)?));
        }
    }
    Ok(style)
}

/// Comments are for us; browsers need not download them.
fn strip_comments(css: &str) -> String {
    let mut kept = String::new();
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_content() {
        let one = hash_name("a.css", b"1");
        assert!(one.starts_with("a-") && one.ends_with(".css"));
        assert_eq!(one.len(), "a-.css".len() + HASH_CHARS);
        assert_ne!(one, hash_name("a.css", b"2"));
        assert_eq!(one, hash_name("a.css", b"1"));
    }

    #[test]
    fn references_become_hashed_paths_and_unknown_ones_fail() {
        let mut bundle = Bundle::new(true);
        bundle.add("a.css", b"x".to_vec()).unwrap();
        let text = bundle.resolve(r#"<link href="asset:a.css">"#).unwrap();
        assert!(text.contains("href=\"/ui/assets/a-"), "{text}");
        let error = bundle.resolve(r#"src="asset:gone.js""#).unwrap_err();
        assert_eq!(error.to_string(), "no such asset: gone.js");
    }

    #[test]
    fn every_asset_is_written_raw_and_compressed_and_old_ones_go() {
        let out = std::env::temp_dir().join(format!("tollgate-asset-test-{}", std::process::id()));
        fs::create_dir_all(out.join("assets")).unwrap();
        fs::write(out.join("assets/stale.js"), "old").unwrap();
        let mut bundle = Bundle::new(true);
        bundle.add("a.js", b"let a = 1;".to_vec()).unwrap();
        bundle.set_page("<script src=\"asset:a.js\">").unwrap();
        bundle.write(&out).unwrap();

        let name = hash_name("a.js", b"let a = 1;");
        let mut raw = Vec::new();
        let packed = fs::read(out.join(format!("assets/{name}.br"))).unwrap();
        brotli::BrotliDecompress(&mut Cursor::new(packed), &mut raw).unwrap();
        assert_eq!(raw, fs::read(out.join(format!("assets/{name}"))).unwrap());
        assert!(fs::read_to_string(out.join("index.html")).unwrap().contains(&name));
        assert!(out.join("index.html.br").exists());
        assert!(!out.join("assets/stale.js").exists());
        fs::remove_dir_all(&out).unwrap();
    }

    #[test]
    fn style_comments_are_left_out() {
        assert_eq!(strip_comments("a{}/* why */b{}/* open"), "a{}b{}");
    }
}
