#!/usr/bin/env bash
# Runs a command beside a throw-away Redis. Usage: start_test_redis.sh COMMAND [ARGUMENT…]
# It keeps nothing, listens on a unix socket only, and is gone afterwards.
# The command finds it in TOLLGATE_TEST_REDIS_URL.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ $# -gt 0 ] || die "usage: start_test_redis.sh COMMAND [ARGUMENT…]"
has redis-server || die "Redis is missing: run deploy/scripts/setup.sh redis"

folder=$(mktemp -d /tmp/tollgate-redis.XXXXXX)
server=
# shellcheck disable=SC2317 # called by the trap
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

redis-server --port 0 --unixsocket "$folder/redis.sock" --dir "$folder" --save '' --appendonly no \
  --daemonize no --logfile "$folder/redis.log" &
server=$!
for _ in $(seq 100); do
  if redis-cli -s "$folder/redis.sock" ping >/dev/null 2>&1; then break; fi
  kill -0 "$server" 2>/dev/null || { cat "$folder/redis.log" >&2; die "Redis did not start"; }
  sleep 0.1
done

export TOLLGATE_TEST_REDIS_URL="redis+unix://$folder/redis.sock"
status=0
"$@" || status=$?
exit "$status"
