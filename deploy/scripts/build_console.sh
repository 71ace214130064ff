#!/usr/bin/env bash
# Builds the console into web/dist. Usage: build_console.sh [--dev]
# Files that did not change keep their time, so that the server, which embeds them, is not built again for nothing.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

fresh=$target/console
dist=web/dist
# Compressing takes a while: when no source is newer than the last bundle of this kind, there is nothing to do.
stamp=$target/console.stamp
kind="$root $*"
if [ "$(cat "$stamp" 2>/dev/null)" = "$kind" ] && [ -e "$dist/index.html" ] &&
  [ -z "$(find web openapi Cargo.toml Cargo.lock -newer "$stamp" -type f -not -path "$dist/*" -print -quit)" ]; then
  say "web/dist is up to date"
  exit 0
fi
started=$(mktemp)
trap 'rm -f "$started"' EXIT
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

printf '%s' "$kind" >"$stamp"
touch --reference="$started" "$stamp"
