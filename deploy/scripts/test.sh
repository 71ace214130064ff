#!/usr/bin/env bash
# Every check and every test, from nothing. All stages run, whatever fails; the last line sums them up.
# Usage: test.sh [STAGE…], by default all of them in the order of the table below.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
scripts=$root/deploy/scripts
# The reports and the binary of this run.
run=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-test.XXXXXX")
trap 'rm -rf "$run"' EXIT

# stage: what it shows
stages=(
  "setup|what is missing is installed"
  "console|the console builds and fits its size"
  "format|cargo fmt"
  "scripts|shellcheck"
  "clippy|clippy, warnings denied"
  "clippy-web|clippy on the console for wasm, warnings denied"
  "sqlite|unit and integration tests on SQLite"
  "postgres|integration tests on PostgreSQL"
  "binary|the binary the black-box tests run"
  "openapi|openapi.json is what the server says"
  "contract|schemathesis: every operation answers as openapi.json says, for each role"
  "sdk-python|OpenAI's and Anthropic's Python SDKs"
  "sdk-node|OpenAI's and Anthropic's Node SDKs, LangChain and the AI SDK, on PostgreSQL"
  "features|the table of providers is what the SDK tests saw"
  "differential|the same calls to LiteLLM and to Tollgate"
  "faults|kill -9 under load, three nodes, Redis and the database gone, start and stop"
  "prometheus|the dashboard and the rules, by a Prometheus that scrapes a gateway under load"
  "browser|the console in Chromium"
)

run_setup() {
  "$scripts/setup.sh" rust wasm chromium redis postgres prometheus nextest shellcheck python litellm focus npm
}
run_console() { "$scripts/build_console.sh"; }
run_format() { cargo fmt --all --check; }
run_scripts() { shellcheck --shell=bash --external-sources deploy/scripts/*.sh .ci/run; }
run_clippy() {
  cargo clippy --quiet --all-targets -- -D warnings
  cargo clippy --quiet --all-targets --package tollgate-web-bundler --package tollgate-bench-streams -- -D warnings
}
run_clippy-web() {
  if ! rustup_has_wasm; then
    say "skipped: Debian's wasm toolchain comes without clippy"
    return
  fi
  cargo clippy --quiet --package tollgate-web --target wasm32-unknown-unknown -- -D warnings
}

# Runs nextest, after the command given before `--`, and keeps its report.
nextest() {
  local report=$1 status=0 before=()
  shift
  while [ "$1" != -- ]; do
    before+=("$1")
    shift
  done
  shift
  # Kept in the checkout, whatever cargo's target folder is: see store.dir in .config/nextest.toml.
  local written=$root/target/nextest/ci/junit.xml
  rm -f "$written"
  "${before[@]}" cargo nextest run --profile ci "$@" || status=$?
  mv "$written" "$run/$report.xml" || status=1
  return "$status"
}
run_sqlite() {
  local status=0
  nextest sqlite env -u DATABASE_URL -u TOLLGATE_TEST_DATABASE_URL -- || status=$?
  nextest web -- --package tollgate-web --package tollgate-web-bundler || status=$?
  return "$status"
}
# The tests take only the address meant for tests: DATABASE_URL is the server's own.
run_postgres() {
  nextest postgres "$scripts/start_test_db.sh" env -u DATABASE_URL -- --package tollgate --test it
}

# The development profile: its dependencies are built already, and no behaviour hangs on the profile.
run_binary() {
  cargo build --quiet --package tollgate
  # A copy, so that a build beside the tests does not change what they test.
  cp "$target/debug/tollgate" "$run/tollgate"
}
run_openapi() { "$run/tollgate" openapi | diff -u openapi/openapi.json -; }
# Runs pytest against that binary, after the command given before `--`, if any.
pytest() {
  local before=()
  if [[ " $* " == *" -- "* ]]; then
    while [ "$1" != -- ]; do
      before+=("$1")
      shift
    done
    shift
  fi
  TOLLGATE_BIN=$run/tollgate "${before[@]}" \
    "$(venv_path requirements)/bin/python" -m pytest -q -p no:cacheprovider -c e2e/pytest.ini "$@"
}
run_contract() { pytest --junitxml="$run/contract.xml" e2e/contract; }
run_sdk-python() {
  local validator
  validator=$(venv_path requirements-focus)/bin/focus-validator
  if [ ! -x "$validator" ]; then validator=; fi
  FOCUS_VALIDATOR=$validator TOLLGATE_FEATURES=$run/features pytest --junitxml="$run/sdk-python.xml" e2e/sdk/python
}
run_sdk-node() {
  TOLLGATE_FEATURES=$run/features TOLLGATE_PYTHON=$(venv_path requirements)/bin/python \
    TOLLGATE_BIN=$run/tollgate "$scripts/start_test_db.sh" node --test --test-concurrency=1 \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=junit --test-reporter-destination="$run/sdk-node.xml" e2e/sdk/node/*.test.mjs
}
# With TOLLGATE_WRITE_FEATURES the table is written instead.
run_features() {
  local table=deploy/docs/providers.md
  python3 "$scripts/feature_table.py" "$run/features" >"$run/providers.md"
  if [ -n "${TOLLGATE_WRITE_FEATURES:-}" ]; then cp "$run/providers.md" "$table"; fi
  diff -u "$table" "$run/providers.md"
}
run_differential() {
  LITELLM_BIN=$(venv_path requirements-litellm)/bin/litellm pytest --junitxml="$run/differential.xml" e2e/differential
}
# The kill is tried on both databases; several nodes and a database that goes away need PostgreSQL.
run_faults() {
  local status=0 postgres=(e2e/faults/test_{alerts,kill,nodes,database_away,shared_counters,protocols}.py)
  pytest --junitxml="$run/faults.xml" e2e/faults || status=$?
  pytest "$scripts/start_test_db.sh" -- --junitxml="$run/faults-postgres.xml" "${postgres[@]}" || status=$?
  return "$status"
}
run_prometheus() {
  TOLLGATE_PROMETHEUS=$(prometheus_bin) pytest --junitxml="$run/prometheus.xml" e2e/prometheus
}
run_browser() {
  TOLLGATE_BIN=$run/tollgate PLAYWRIGHT_JUNIT_OUTPUT_FILE=$run/browser.xml \
    npm --prefix e2e exec -- playwright test --config e2e/playwright.config.mjs
}

passed=0
failed=0
summary=()

# Runs one stage; what it reported is counted, a stage without a report counts as one check.
run_stage() {
  local name=$1 text=$2 status=0 start=$SECONDS ok=0 bad=0 seconds verdict=pass
  local reports=()
  say "── $name: $text"
  # In a shell of its own: `set -e` does not hold inside a condition.
  set +e
  (
    set -e
    "run_$name"
  )
  status=$?
  set -e
  seconds=$((SECONDS - start))
  case $name in
    sqlite) reports=("$run/sqlite.xml" "$run/web.xml") ;;
    faults) reports=("$run/faults.xml" "$run/faults-postgres.xml") ;;
    *) reports=("$run/$name.xml") ;;
  esac
  local present=()
  for report in "${reports[@]}"; do
    if [ -s "$report" ]; then present+=("$report"); fi
  done
  if [ ${#present[@]} -gt 0 ]; then read -r ok bad < <(python3 "$scripts/count_tests.py" "${present[@]}"); fi
  if [ "$status" -ne 0 ]; then
    verdict=FAIL
    if [ "$bad" -eq 0 ]; then bad=1; fi
  elif [ "$bad" -ne 0 ]; then
    verdict=FAIL
  elif [ "$ok" -eq 0 ]; then
    ok=1
  fi
  passed=$((passed + ok))
  failed=$((failed + bad))
  summary+=("$(printf '%-4s  %-12s %5d passed %4d failed  %3d:%02d  %s' \
    "$verdict" "$name" "$ok" "$bad" $((seconds / 60)) $((seconds % 60)) "$text")")
}

for stage in "${stages[@]}"; do
  if [ $# -gt 0 ] && [[ " $* " != *" ${stage%%|*} "* ]]; then continue; fi
  run_stage "${stage%%|*}" "${stage#*|}"
done

printf '\n'
printf '%s\n' "${summary[@]}"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
