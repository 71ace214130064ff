#!/usr/bin/env python3
"""Measures what reads the database: reports of 30 days, lists of a million keys and 100,000 users as an administrator of the
gateway, of an organization and of a team, and as a plain user see them, and `ledger verify`.

Usage: deploy/scripts/start_test_db.sh python3 e2e/bench/database.py BINARY [CALLS [KEYS]]

The database is filled with what the server would have written for CALLS calls (two million) and KEYS keys (a million).
What a report costs depends on the rows of its sums, which are as many as in a month of ten million calls: 600,000 in
`daily_spend`. Times are those of whole HTTP requests, one after the other.
"""

from __future__ import annotations

import datetime
import hashlib
import http.client
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness"))
from tollgate import MASTER_KEY, Tollgate  # noqa: E402

WARM_UP, RUNS = 3, 20
PAGE = 100
PASSWORD = "correct horse battery staple"


def fill(url: str, calls: int, keys: int) -> None:
    """The database as after a month."""
    command = ["psql", url, "--no-psqlrc", "--set", f"calls={calls}", "--set", f"keys={keys}"]
    subprocess.run([*command, "--file", str(HERE / "database.sql")], check=True)


class Client:
    """One connection to the management API."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {"authorization": f"Bearer {MASTER_KEY}"}

    def signed_in(self, user_id: str) -> Client:
        """What a user becomes who signs in, with a password that the administrator sets."""
        self.post("/user/update", {"user_id": user_id, "password": PASSWORD})
        client = Client(self.connection.port)
        client.headers = {"x-tollgate-console": "1"}
        answer = client.post("/session/new", {"username": user_id, "password": PASSWORD})
        cookie = answer.getheader("set-cookie") or ""
        client.headers["cookie"] = cookie.split(";")[0]
        return client

    def post(self, path: str, body: object) -> http.client.HTTPResponse:
        """A 200, whose body is passed over."""
        headers = self.headers | {"content-type": "application/json"}
        self.connection.request("POST", path, body=json.dumps(body), headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (path, answer.status, text[:300])
        return answer

    def get(self, path: str) -> bytes:
        """The body of a 200."""
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body[:300])
        return body

    def cursor(self, path: str, pages: int) -> str:
        """The cursor that follows the last of so many pages."""
        cursor = ""
        for _ in range(pages):
            cursor = json.loads(self.get(path + cursor))["next_cursor"]
            cursor = f"&cursor={cursor}"
        return cursor

    def measure(self, what: str, path: str) -> None:
        """Prints how long it takes."""
        took = []
        for run in range(WARM_UP + RUNS):
            started = time.monotonic()
            body = self.get(path)
            if run >= WARM_UP:
                took.append((time.monotonic() - started) * 1000)
        took.sort()
        print(f"{what:<52}{took[RUNS // 2]:>10.1f}{took[-1]:>10.1f}{len(body) / 1024:>12,.0f}", flush=True)


def reports(client: Client) -> None:
    """Reports of 30 days."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    days = f"start_date={today - datetime.timedelta(days=29)}&end_date={today}"
    key = hashlib.sha256(b"7").hexdigest()
    client.measure("overview", "/spend/overview")
    client.measure("spend of all", "/global/spend")
    client.measure("spend by day", f"/global/spend/logs?{days}")
    client.measure("requests of a key by day", f"/global/activity?{days}&api_key={key}")
    client.measure("keys that spent most", "/global/spend/keys?limit=10")
    client.measure("models that cost most", "/global/spend/models?limit=10")
    client.measure("a key by day and model", f"/spend/logs?{days}&api_key={key}")
    client.measure("a user by day, model and key", f"/spend/logs?{days}&user_id=user-7")
    client.measure("everybody by day, user, model and key", f"/spend/logs?{days}")


def lists(client: Client, keys: int) -> None:
    """Pages of lists."""
    last = keys // PAGE
    full = f"/key/list?size={PAGE}&return_full_object=true"
    client.measure("keys: first page", full)
    client.measure("keys: page in the middle", f"{full}&page={last // 2}")
    client.measure("keys: last page", f"{full}&page={last}")
    client.measure("keys: page after the tenth, by cursor", full + client.cursor(full, 10))
    for sort in ("key_alias", "updated_at", "max_budget", "expires", "spend"):
        path = f"{full}&sort_by={sort}"
        client.measure(f"keys by {sort}: first page", path)
        client.measure(f"keys by {sort}: page in the middle", f"{path}&page={last // 2}")
        client.measure(f"keys by {sort}: page after the tenth, by cursor", path + client.cursor(path, 10))
    client.measure("keys of a team", f"{full}&team_id=team-7")
    client.measure("keys of a user", f"{full}&user_id=user-7")
    client.measure("active keys: first page", f"{full}&status=active")
    active = f"{full}&status=active"
    client.measure("active keys: page after the tenth, by cursor", active + client.cursor(active, 10))
    client.measure("keys found by part of an alias", f"{full}&search={quote('service-42424')}")
    client.measure("customers: first page", f"/customer/list?page_size={PAGE}")
    client.measure("customers: page in the middle", f"/customer/list?page_size={PAGE}&page={last // 2}")


def people(client: Client) -> None:
    """Pages of users, teams, organizations and the audit log."""
    users, teams = f"/user/list?page_size={PAGE}", f"/v2/team/list?page_size={PAGE}"
    client.measure("users: first page", users)
    client.measure("users: page in the middle", f"{users}&page=500")
    client.measure("users: page after the tenth, by cursor", users + client.cursor(users, 10))
    client.measure("users found by part of an address", f"{users}&search=son4242")
    client.measure("users of a role", f"{users}&role=internal_user")
    client.measure("users of a team", f"{users}&team=team-7")
    client.measure("a user", "/user/info?user_id=user-7")
    client.measure("teams: first page", teams)
    client.measure("teams: page after the tenth, by cursor", teams + client.cursor(teams, 10))
    client.measure("teams found by part of a name", f"{teams}&search=eam+424")
    client.measure("teams of an organization", f"{teams}&organization_id=organization-7")
    client.measure("a team", "/team/info?team_id=team-7")
    client.measure("organizations", "/organization/list")
    client.measure("an organization", "/organization/info?organization_id=organization-7")
    client.measure("audit log: first page", f"/audit?page_size={PAGE}")
    client.measure("audit log of an object", f"/audit?page_size={PAGE}&object_id=object-7")
    client.measure("audit log of a person", f"/audit?page_size={PAGE}&changed_by=user-7")


def usage(client: Client) -> None:
    """Usage of 30 days by each dimension."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    days = f"start_date={today - datetime.timedelta(days=29)}&end_date={today}"
    for by in ("model", "provider", "organization", "team", "user", "key", "tag"):
        client.measure(f"usage by {by}", f"/spend/usage?{days}&group_by={by}")
    for by, then in (("team", "model"), ("user", "model"), ("key", "model"), ("organization", "provider"), ("tag", "model")):
        client.measure(f"usage by {by} and {then}", f"/spend/usage?{days}&group_by={by}&then_by={then}")
    client.measure("usage of a team by model", f"/spend/usage?{days}&group_by=model&team_id=team-7")
    client.measure("usage of a model by team", f"/spend/usage?{days}&group_by=team&model=model-7")
    client.measure("daily activity of a team", f"/team/daily/activity?{days}&team_ids=team-7")


def seen_by(client: Client, who: str) -> None:
    """What somebody sees who does not see everything."""
    print(f"\n{who}")
    client.measure("session", "/session/info")
    client.measure("keys: first page", f"/key/list?size={PAGE}&return_full_object=true")
    client.measure("keys by spend", f"/key/list?size={PAGE}&return_full_object=true&sort_by=spend")
    client.measure("keys found by part of an alias", f"/key/list?size={PAGE}&return_full_object=true&search=service-42")
    client.measure("teams: first page", f"/v2/team/list?page_size={PAGE}")
    client.measure("calls: first page", f"/spend/logs/v2?page_size={PAGE}")
    usage(client)


def main() -> None:
    """Everything, in one run."""
    os.environ["TOLLGATE_BIN"] = str(Path(sys.argv[1]).resolve())
    calls, keys = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((2, 2_000_000), (3, 1_000_000)))
    tollgate = Tollgate(SimpleNamespace(origin="http://127.0.0.1:1"))  # type: ignore[arg-type]
    try:
        tollgate.start().signal(15)
        fill(tollgate.env["DATABASE_URL"], calls, keys)
        tollgate.start()
        client = Client(tollgate.port)
        print(f"\n{calls:,} calls in 30 days, {keys:,} keys{'':<15}{'median ms':>10}{'worst ms':>10}{'KiB':>12}")
        reports(client)
        lists(client, keys)
        people(client)
        usage(client)
        for user, who in (("user-7", "an organization's administrator"), ("user-107", "a team's"), ("user-207", "a user")):
            seen_by(client.signed_in(user), who)
        started = time.monotonic()
        verified = tollgate.run("ledger", "verify")
        seconds, peak_mb = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"ledger verify: {seconds:.1f} s, at most {peak_mb:.0f} MB of memory in a process of ours\n{verified.stdout}")
        if verified.returncode:
            raise SystemExit("the ledger does not hold")
    finally:
        tollgate.remove()


if __name__ == "__main__":
    main()
