# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used where it is sourced
# Shared by the scripts of this folder: where things are, and what they may use. Source it, do not run it.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# What is worth keeping between checkouts: the Python environment, browser-free npm and pip caches.
cache=${TOLLGATE_CACHE:-$HOME/.cache/tollgate}
target=${CARGO_TARGET_DIR:-$root/target}
# rustup installs here, and a fresh shell may not have it in its path yet.
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
export PATH

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# The folder of PostgreSQL's server programs, which Debian keeps off the path; empty when there is none.
postgres_bin() {
  local folder
  for folder in /usr/lib/postgresql/*/bin; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then printf '%s\n' "$folder"; fi
  done | sort -V | tail -n 1
}

# The folder of Prometheus' programs where they are not installed.
prometheus_bin() { printf '%s\n' "$cache/prometheus"; }

# The Python environment with the packages of e2e/$1.txt; its name follows what is pinned there, so a change makes a new one.
venv_path() {
  printf '%s/venv-%s\n' "$cache" "$(sha256sum "$root/e2e/$1.txt" | cut -c1-12)"
}

# True when rustup's toolchain can build for the browser.
rustup_has_wasm() {
  local libraries
  libraries=$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null) || return 1
  compgen -G "$libraries/libstd-*.rlib" >/dev/null
}

# Points cargo at the toolchain that can build for the browser: rustup's, or the one of Debian's packages.
use_wasm_toolchain() {
  if [ -z "${TOLLGATE_WASM_FROM_DEBIAN:-}" ] && rustup_has_wasm; then return; fi
  export CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc
}
