"""The dashboard and the rules of deploy/, by a real Prometheus that scrapes a gateway under load.

Every panel has to show something, every rule has to be evaluated and every metric that an alert names has to be there: a
metric that is renamed in the gateway cannot be left behind in the dashboard.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from fake import Answer, Call, Provider

from load import Load
from redis_server import Redis
from server import FOLDER, Prometheus, program
from tollgate import ROOT, Tollgate, Upstream, eventually

DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "tollgate.json").read_text())
DOCUMENTATION = (ROOT / "deploy" / "docs" / "metrics.md").read_text()
RULES = [rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
#: What Grafana puts in the place of its variables.
VARIABLES = {"$__rate_interval": "1m", "$__range": "5m", "$team": ".*", "$model": ".*"}
NAMES = re.compile(r"\b(?:litellm|tollgate)[_:][a-zA-Z0-9_:]+")
#: By when everything that is shown has happened and was scraped twice.
SHOWN_S_MAX = 30


class Tool(Provider):
    """An observability tool that takes whatever it is told."""

    def answer(self, call: Call) -> Answer:
        return Answer({})


@pytest.fixture(scope="module")
def tollgate() -> Iterator[Tollgate]:
    upstream, redis, tool = Upstream(), Redis(), Tool()
    env = {"REDIS_URL": redis.url, "GENERIC_LOGGER_ENDPOINT": f"{tool.origin}/logs"}
    tollgate = Tollgate(upstream, Path(__file__).parent / "config.yaml", env)
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()
        tool.stop()
        redis.remove()
        upstream.stop()


@pytest.fixture(scope="module")
def load(tollgate: Tollgate) -> Iterator[Load]:
    load = Load(tollgate)
    yield load
    load.stop()


@pytest.fixture(scope="module")
def prometheus(tollgate: Tollgate, load: Load) -> Iterator[Prometheus]:
    prometheus = Prometheus(f"127.0.0.1:{tollgate.port}")
    try:
        prometheus.wait()
        yield prometheus
    finally:
        prometheus.remove()


def promtool(*arguments: str) -> str:
    """Runs promtool beside the rules; anything but success is an error."""
    done = subprocess.run([program("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def as_grafana_asks(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, f"a variable of Grafana's is left in {expression}"
    return expression


def test_promtool_takes_the_configuration_and_the_rules() -> None:
    promtool("check", "config", "prometheus.yml")
    promtool("check", "rules", "--lint=all", "--lint-fatal", "rules.yml")
    promtool("test", "rules", "rules.test.yml")


def test_every_alert_has_words_and_a_paragraph_of_the_documentation() -> None:
    headings = {line.removeprefix("### ").lower() for line in DOCUMENTATION.splitlines() if line.startswith("### ")}
    for alert in ALERTS:
        assert {"summary", "description", "runbook_url"} <= alert["annotations"].keys(), alert
        page, anchor = alert["annotations"]["runbook_url"].split("#")
        assert (ROOT / page).is_file() and anchor == alert["alert"].lower() and anchor in headings, alert
    assert headings == {alert["alert"].lower() for alert in ALERTS}, "a paragraph is of no alert"


def test_the_dashboard_is_whole() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in PANELS:
        assert panel["description"] and panel["targets"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}", panel["title"]
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "team", "model"}


def test_no_panel_is_empty(prometheus: Prometheus) -> None:
    expressions = {as_grafana_asks(target["expr"]): panel["title"] for panel in PANELS for target in panel["targets"]}
    empty = dict(expressions)

    def all_are_shown() -> bool:
        for expression in list(empty):
            result = prometheus.query(expression)
            # A share of nothing is not a number, which Grafana does not show either.
            if any(not math.isnan(float(series["value"][1])) for series in result):
                del empty[expression]
        return not empty

    try:
        eventually(all_are_shown, "every panel to show something", SHOWN_S_MAX)
    except AssertionError:
        raise AssertionError(f"these are empty: {json.dumps(empty, indent=2)}\n{prometheus.output()}") from None
    assert len(expressions) > 50
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]
            assert prometheus.get(f"label/{label}/values", **{"match[]": metric}), variable["name"]


def test_every_rule_is_evaluated_and_names_what_there_is(prometheus: Prometheus) -> None:
    def health() -> dict[str, str]:
        rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
        return {rule["name"]: rule["health"] + rule.get("lastError", "") for rule in rules}

    every = {rule.get("alert") or rule["record"] for rule in RULES}
    eventually(lambda: health() == dict.fromkeys(every, "ok"), f"all rules to be evaluated: {health()}", SHOWN_S_MAX)
    recorded = [rule["record"] for rule in RULES if "record" in rule]
    eventually(lambda: all(prometheus.query(name) for name in recorded), "all recording rules to record", SHOWN_S_MAX)
    known = {*prometheus.get("label/__name__/values"), *prometheus.get("labels")}
    for alert in ALERTS:
        prometheus.query(alert["expr"])
        missing = set(NAMES.findall(alert["expr"])) - known
        assert not missing, f"{alert['alert']} names {missing}, which there is not"
    firing = {alert["labels"]["alertname"] for alert in prometheus.get("alerts")["alerts"]}
    # What the load brings about at once, and what it must not.
    assert "TollgateUnpricedModel" in firing
    assert not firing & {"TollgateNodeDown", "TollgateEventsLost", "TollgateSpoolFull", "TollgateDatabaseDown"}


def test_every_metric_is_in_the_documentation(prometheus: Prometheus, tollgate: Tollgate) -> None:
    with urllib.request.urlopen(f"{tollgate.url}/metrics") as response:
        text = response.read().decode()
    # 3: it is not pleased with names such as LiteLLM's. 1: it cannot be read.
    check = [program("promtool"), "check", "metrics"]
    checked = subprocess.run(check, input=text, capture_output=True, text=True, timeout=60)
    assert checked.returncode in (0, 3), checked.stderr
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")]
    assert len(names) > 80
    assert not [name for name in names if f"`{name}`" not in DOCUMENTATION]
    helped = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP ")}
    assert helped == set(names)


def test_what_prometheus_counts_is_what_happened(prometheus: Prometheus, tollgate: Tollgate, load: Load) -> None:
    """The last of the tests here: the load ends."""
    load.stop()
    calls = sum(load.statuses.values()) - load.statuses[401]
    total = "sum(litellm_proxy_total_requests_metric_total)"
    eventually(lambda: prometheus.number(total) == calls, f"{calls} calls: {prometheus.number(total)}")
    assert prometheus.number("sum(tollgate_unauthenticated_requests_total)") == load.statuses[401] > 0
    answered = 'sum(litellm_proxy_total_requests_metric_total{status_code="200"})'
    assert prometheus.number(answered) == load.statuses[200] > 0

    def spend() -> bool:
        ledger: float = tollgate.manage("GET", "/global/spend")["spend"]
        return ledger > 0 and math.isclose(prometheus.number("sum(litellm_spend_total)"), ledger, rel_tol=1e-9)

    eventually(spend, "spend to be what the ledger has")
