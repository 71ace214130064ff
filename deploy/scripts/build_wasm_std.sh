#!/usr/bin/env bash
# Makes the wasm32-unknown-unknown target from Debian's packages, for machines where rustup cannot fetch it.
# Debian ships a compiler recent enough (rustc-web) with the library's source, but not the library for this target.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

libraries=/usr/lib/rustlib/wasm32-unknown-unknown/lib
if [ -x /usr/bin/rustc ]; then
  libraries=$(/usr/bin/rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib
fi
if compgen -G "$libraries/libstd-*.rlib" >/dev/null; then exit 0; fi

as_root apt-get update -qq
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  rustc-web cargo-web rust-web-src lld-22 >/dev/null
libraries=$(/usr/bin/rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
/usr/bin/cargo init --quiet --lib --name empty --vcs none "$work/empty"
# The bitcode is what the console's link-time optimisation reads.
(
  cd "$work/empty"
  RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$work/target" \
    /usr/bin/cargo build --quiet --release -Z build-std=std,panic_abort,proc_macro --target wasm32-unknown-unknown
)
as_root mkdir -p "$libraries"
for library in "$work"/target/wasm32-unknown-unknown/release/deps/*.rlib; do
  case $(basename "$library") in
    libempty-*) ;;
    *) as_root cp "$library" "$libraries/" ;;
  esac
done
say "built wasm32-unknown-unknown from Debian's packages"
