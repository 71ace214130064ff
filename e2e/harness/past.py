"""Spend of past days, written into the sums of an SQLite ledger: a gateway whose clock is real has no other past."""

import datetime
import json
import sqlite3
import sys

# What the sums count besides spend.
SUMS = {"api_requests": 100, "failed_requests": 1, "prompt_tokens": 40_000, "completion_tokens": 9_000}


def book(database: sqlite3.Connection, row: dict[str, str | float]) -> None:
    """Adds a day of a team, a key and a model to the sums that reports read."""
    spend = round(float(row["spend"]) * 1_000_000_000)
    sums = {"spend": spend, **SUMS, "cache_read_tokens": 0, "cache_creation_tokens": 0, "reasoning_tokens": 0}
    payers = {name: row.get(name, "") for name in ("organization_id", "team_id", "user_id", "api_key", "model_group")}
    payers |= {"model": row["model_group"], "provider": row.get("provider", "openai")}
    add(database, "daily_key_spend", {"date": row["date"], **payers}, sums)
    teams = {name: payers[name] for name in ("organization_id", "team_id", "model_group", "provider")}
    add(database, "daily_team_spend", {"date": row["date"], **teams}, sums)
    kinds = {"global": "", "key": payers["api_key"], "model_group": payers["model_group"], "provider": payers["provider"]}
    kinds |= {"team": payers["team_id"], "organization": payers["organization_id"], "user": payers["user_id"]}
    for kind, entity in kinds.items():
        if entity or kind == "global":
            add(database, "daily_entity_spend", {"entity_kind": kind, "date": row["date"], "entity_id": entity}, sums)
        if entity and kind in ("key", "user"):
            day = datetime.date.fromisoformat(str(row["date"]))
            week = str(day - datetime.timedelta(days=day.weekday()))
            add(database, "weekly_entity_spend", {"entity_kind": kind, "week": week, "entity_id": entity}, sums)


def add(database: sqlite3.Connection, table: str, key: dict[str, object], sums: dict[str, int]) -> None:
    """Adds `sums` to the row with this key."""
    columns = [*key, *sums]
    merged = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    database.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {merged}",
        [*key.values(), *sums.values()],
    )


if __name__ == "__main__":
    with sqlite3.connect(sys.argv[1], timeout=30) as ledger:
        for day in json.load(sys.stdin):
            book(ledger, day)
