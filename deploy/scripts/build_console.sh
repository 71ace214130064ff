#!/usr/bin/env bash
# Builds the console into web/dist. Usage: build_console.sh [--dev]
# Files that did not change keep their time, so that the server, which embeds them, is not built again for nothing.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

fresh=$target/console
dist=web/dist
cargo build --quiet --package tollgate-web-bundler
(
  use_wasm_toolchain
  "$target/debug/tollgate-web-bundler" "$@" --out "$fresh"
)

mkdir -p "$dist"
(cd "$fresh" && find . -type f) | while read -r file; do
  if ! cmp -s "$fresh/$file" "$dist/$file"; then
    mkdir -p "$(dirname "$dist/$file")"
    cp "$fresh/$file" "$dist/$file"
  fi
done
(cd "$dist" && find . -type f) | while read -r file; do
  if [ ! -e "$fresh/$file" ]; then rm "$dist/$file"; fi
done
