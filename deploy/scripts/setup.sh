#!/usr/bin/env bash
# Installs what is missing on a Debian machine, and nothing that is there. Usage: setup.sh PART…
# Parts: rust wasm chromium redis postgres prometheus nextest shellcheck npm python litellm focus bench.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

apt_updated=
apt_update() {
  if [ -n "$apt_updated" ]; then return; fi
  as_root apt-get update -qq
  apt_updated=yes
}
apt_install() {
  say "installing $*"
  apt_update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The compiler, and what SQLite, ring and jemalloc are built with.
setup_rust() {
  if ! has cc || ! has make || ! has curl; then apt_install build-essential curl ca-certificates; fi
  if ! has cargo; then die "Rust is missing: install it with rustup, see https://rustup.rs"; fi
  local needs is
  needs=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
  is=$(rustc --version | cut -d' ' -f2)
  if [ "$(printf '%s\n%s\n' "$needs" "$is" | sort -V | head -n 1)" != "$needs" ]; then
    say "updating Rust $is to at least $needs"
    rustup update --no-self-update stable
    is=$(rustc --version | cut -d' ' -f2)
    if [ "$(printf '%s\n%s\n' "$needs" "$is" | sort -V | head -n 1)" != "$needs" ]; then
      die "Rust $needs or newer is needed and $is is the default: run 'rustup default stable'"
    fi
  fi
  local component
  for component in rustfmt clippy; do
    if ! cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1; then rustup component add "$component"; fi
  done
}

# The target of the console; from Debian's packages where rustup has no way to its own.
setup_wasm() {
  if [ -z "${TOLLGATE_WASM_FROM_DEBIAN:-}" ]; then
    if rustup_has_wasm; then return; fi
    if has rustup && rustup target add wasm32-unknown-unknown && rustup_has_wasm; then return; fi
    say "rustup could not add wasm32-unknown-unknown: building it from Debian's packages"
  fi
  "$root/deploy/scripts/build_wasm_std.sh"
}

setup_chromium() { has chromium || apt_install chromium; }
setup_redis() { has redis-server || apt_install redis-server; }
setup_postgres() { [ -n "$(postgres_bin)" ] || apt_install postgresql; }

# Only the programs of Debian's package, out of which nothing is installed: it would start a server, and nothing here is to
# run when the tests are over.
setup_prometheus() {
  local kept work
  kept=$(prometheus_bin)
  if has prometheus && has promtool; then return; fi
  if [ -x "$kept/prometheus" ] && [ -x "$kept/promtool" ]; then return; fi
  say "downloading prometheus"
  apt_update
  work=$(mktemp -d)
  # The user that apt downloads as may not write here.
  (cd "$work" && apt-get download -qq -o APT::Sandbox::User="$(id -un)" prometheus && dpkg-deb --extract prometheus_*.deb .)
  mkdir -p "$kept"
  cp "$work/usr/bin/prometheus" "$work/usr/bin/promtool" "$kept/"
  rm -rf "$work"
}
setup_shellcheck() { has shellcheck || apt_install shellcheck; }

# The unoptimised build is enough for a test runner and takes half as long.
setup_nextest() {
  if has cargo-nextest; then return; fi
  say "installing cargo-nextest"
  cargo install --locked --debug --quiet cargo-nextest
}

# The packages of the browser and SDK tests.
setup_npm() {
  if ! has npm; then apt_install nodejs npm; fi
  local stamp=$root/e2e/node_modules/.installed
  if [ -e "$stamp" ] && cmp -s "$stamp" "$root/e2e/package-lock.json"; then return; fi
  say "installing npm packages"
  npm ci --prefix "$root/e2e" --no-audit --no-fund --loglevel=error
  cp "$root/e2e/package-lock.json" "$stamp"
}

# A Python environment with the packages of e2e/$1.txt, of the Python $2 or the usual one.
make_venv() {
  local venv python=${2:-python3}
  venv=$(venv_path "$1")
  if [ -e "$venv/.installed" ]; then return; fi
  if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then apt_install python3 python3-venv; fi
  say "installing the Python packages of $1.txt"
  rm -rf "$venv"
  "$python" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$root/e2e/$1.txt"
  touch "$venv/.installed"
}
setup_python() { make_venv requirements; }
# What the differential test compares with: large, and apart, since it pins versions of its own.
setup_litellm() { make_venv requirements-litellm; }

# Runs on Python 3.12 alone, which Debian may not have: without it, the tests check exports by rules of their own.
setup_focus() {
  local python
  for python in python3.12 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python; do
    if "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 12))' >/dev/null 2>&1; then
      make_venv requirements-focus "$python"
      return
    fi
  done
  say "no Python 3.12: exports are not checked by the validator of FOCUS"
}

setup_bench() {
  has wrk || apt_install wrk
  has nginx || [ -x /usr/sbin/nginx ] || apt_install nginx-light
}

for part in "$@"; do
  case $part in
    rust | wasm | chromium | redis | postgres | prometheus | nextest | shellcheck | npm | python | litellm | focus | bench)
      "setup_$part"
      ;;
    *) die "unknown part '$part'" ;;
  esac
done
