#!/usr/bin/env python3
"""Measures the memory that active keys take. Usage: keys.py BINARY [KEYS]

Every key has a budget and limits by the minute, and makes one call: it is in memory then with its policy, its counters
and what belongs to it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import bench
from bench import Tollgate, free_port, nginx, resident_mb, run_wrk, time_to_ready_ms

KEY = "sk-bench-{}"
# Longer than the allocator keeps pages that nobody uses.
REST_S = 20
FIELDS = {"key_alias": "first", "max_budget": 10, "rpm_limit": 100, "tpm_limit": 100_000, "budget_duration": "30d"}


def copy_keys(database: Path, count: int) -> None:
    """Puts copies of the first key beside it, each with a secret of its own."""
    with sqlite3.connect(database, timeout=60) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(keys)")]
        own = {"token": "?", "key_alias": "?"}
        values = ", ".join(own.get(column, column) for column in columns)
        order = [column for column in columns if column in own]
        names = [KEY.format(n) for n in range(count)]
        rows = [{"token": hashlib.sha256(name.encode()).hexdigest(), "key_alias": name} for name in names]
        connection.executemany(
            f"INSERT INTO keys ({', '.join(columns)}) SELECT {values} FROM keys WHERE key_alias = 'first'",
            [[row[column] for column in order] for row in rows],
        )


def main() -> None:
    """Memory before and after."""
    os.environ["TOLLGATE_BIN"] = str(Path(sys.argv[1]).resolve())
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    folder = Path(tempfile.mkdtemp(prefix="tollgate-bench-"))
    folder.chmod(0o755)
    (folder / "config.yaml").write_text(bench.CONFIG)
    port = free_port()
    tollgate = Tollgate(SimpleNamespace(origin=f"http://127.0.0.1:{port}"), folder / "config.yaml")  # type: ignore[arg-type]
    tollgate.env.pop("DATABASE_URL", None)
    try:
        with nginx(folder, "mock", bench.LOAD_CORE, bench.mock_server(port)):
            time_to_ready_ms(tollgate)
            tollgate.manage("POST", "/key/generate", FIELDS)
            copy_keys(tollgate.data / "tollgate.db", count)
            idle_mb = resident_mb(tollgate)
            os.environ["BENCH_KEYS"] = str(count)
            calls = run_wrk(tollgate.port, KEY, 16, count // 1_000 + 20)
            after_mb = resident_mb(tollgate)
            print(f"{calls.requests:,} calls by {count:,} keys, {calls.errors} failed")
            print(f"resident memory {idle_mb:.1f} MB idle, {after_mb:.1f} MB under load with all keys active")
            # What the load needed for itself is given back after some seconds.
            time.sleep(REST_S)
            print(f"{'':<15} {resident_mb(tollgate):.1f} MB {REST_S} s later, the keys still in memory")
            tollgate.signal(15, seconds_max=60)
    finally:
        tollgate.remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
