"""Every operation of openapi.json, called with what its schema allows and as each role: no answer is a server error or
other than the document says. Schemathesis makes up the calls, the same ones in every run."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tollgate import E2E, Tollgate, Upstream

CONFIG = E2E / "contract" / "config.yaml"
DOCUMENT = E2E.parent / "openapi" / "openapi.json"
PASSWORD = "of the contract tests 7"
ROLES = ["proxy_admin", "proxy_admin_viewer", "org_admin", "internal_user", "internal_user_viewer", "key"]
CHECKS = "not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance"
#: Operations that end the caller's own session, or call a provider that is not there.
LEFT_OUT = ["session_delete", "health", "health_test_connection"]
#: Calls made up for each operation.
EXAMPLES = 5
#: Fewer calls than this were none.
CALLS_MIN = 500


@pytest.fixture
def tollgate() -> Iterator[Tollgate]:
    upstream = Upstream()
    tollgate = Tollgate(upstream, CONFIG)
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()
        upstream.stop()


@pytest.mark.parametrize("role", ROLES)
def test_the_document_says_every_answer(tollgate: Tollgate, role: str) -> None:
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        *("run", str(DOCUMENT), "--url", tollgate.url),
        *("-H", f"Authorization: Bearer {credential(tollgate, role)}"),
        *("--checks", CHECKS, "--phases", "examples,fuzzing", "--max-examples", str(EXAMPLES)),
        *("--generation-deterministic", "--no-shrink", "--continue-on-failure", "--suppress-health-check", "all"),
        *("--request-timeout", "30", "--no-color", "--warnings", "off"),
        *(flag for operation in LEFT_OUT for flag in ("--exclude-operation-id", operation)),
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(E2E / "contract")}
    ran = subprocess.run(command, cwd=tollgate.data, env={**os.environ, **hooks}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr
    calls = next(line for line in ran.stdout.splitlines() if " generated" in line)
    assert int(calls.split()[0]) >= CALLS_MIN, calls


def credential(tollgate: Tollgate, role: str) -> str:
    """A token of somebody with this role, or a key."""
    tollgate.manage("POST", "/organization/new", {"organization_id": "acme", "organization_alias": "acme"})
    tollgate.manage("POST", "/team/new", {"team_id": "team", "organization_id": "acme"})
    key = str(tollgate.manage("POST", "/key/generate", {"team_id": "team", "key_alias": "key"})["key"])
    if role == "key":
        return key
    user_role = "internal_user" if role == "org_admin" else role
    new = {"user_id": "ada", "user_role": user_role, "password": PASSWORD, "auto_create_key": False}
    tollgate.manage("POST", "/user/new", new)
    if role == "org_admin":
        member = {"user_id": "ada", "role": "org_admin"}
        tollgate.manage("POST", "/organization/member_add", {"organization_id": "acme", "member": member})
    cookie = sign_in(tollgate)
    made = post(tollgate, "/access_token/new", {"name": "contract"}, {"cookie": cookie, "x-tollgate-console": "contract"})
    return str(json.load(made)["access_token"])


def sign_in(tollgate: Tollgate) -> str:
    answer = post(tollgate, "/session/new", {"username": "ada", "password": PASSWORD}, {})
    return str(answer.headers["set-cookie"]).split(";", 1)[0]


def post(tollgate: Tollgate, path: str, body: object, headers: dict[str, str]):  # type: ignore[no-untyped-def]
    request = urllib.request.Request(
        tollgate.url + path, json.dumps(body).encode(), {"content-type": "application/json", **headers}
    )
    return urllib.request.urlopen(request, timeout=30)
