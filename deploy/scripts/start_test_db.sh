#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL cluster. Usage: start_test_db.sh COMMAND [ARGUMENT…]
# The cluster lives in a temporary folder, listens on a unix socket only, does not sync, and is gone afterwards.
# The command finds it in TOLLGATE_TEST_DATABASE_URL and DATABASE_URL.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ $# -gt 0 ] || die "usage: start_test_db.sh COMMAND [ARGUMENT…]"

bin=$(postgres_bin)
[ -n "$bin" ] || die "PostgreSQL is missing: run deploy/scripts/setup.sh postgres"
# The path of a unix socket has at most 107 characters: TMPDIR may be too deep for it.
folder=$(mktemp -d /tmp/tollgate-pg.XXXXXX)
server=

# shellcheck disable=SC2317 # called by the trap
stop() {
  # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
  if [ -n "$server" ]; then
    kill -INT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# PostgreSQL refuses to run as root.
as_owner=()
if [ "$(id -u)" -eq 0 ]; then
  owner=nobody
  if id postgres >/dev/null 2>&1; then owner=postgres; fi
  chown "$owner" "$folder"
  as_owner=(setpriv "--reuid=$owner" "--regid=$(id -g "$owner")" --clear-groups)
fi

cd "$folder"
"${as_owner[@]}" "$bin/initdb" --pgdata="$folder/data" --username=tollgate --auth=trust --encoding=UTF8 \
  --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; die "initdb failed"; }
# setpriv and env replace themselves, so the process id below is the server's own.
exec {log}>"$folder/server.log"
"${as_owner[@]}" "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off \
  -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 -c shared_buffers=128MB \
  -c log_min_messages=fatal >&"$log" 2>&1 &
server=$!
cd "$root"

for _ in $(seq 100); do
  if "$bin/pg_isready" --quiet --host="$folder" --username=tollgate --dbname=postgres; then break; fi
  kill -0 "$server" 2>/dev/null || { cat "$folder/server.log" >&2; die "PostgreSQL did not start"; }
  sleep 0.1
done
"$bin/createdb" --host="$folder" --username=tollgate tollgate

export TOLLGATE_TEST_DATABASE_URL="postgres:///tollgate?host=$folder&user=tollgate"
export DATABASE_URL=$TOLLGATE_TEST_DATABASE_URL
status=0
"$@" || status=$?
exit "$status"
