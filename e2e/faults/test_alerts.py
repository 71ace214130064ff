"""Alerts when things go wrong: a node that dies between writing an alert and telling it. Messages are verified by Standard
Webhooks' own library."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from driver import call_once
from link import Link
from tollgate import Tollgate, eventually


class Receiver:
    """Takes webhooks, or refuses them."""

    def __init__(self) -> None:
        self.status = 200
        #: Headers and body of each message, refused ones included.
        self.told: list[tuple[dict[str, str], str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                receiver.told.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def test_an_alert_outlives_the_node_that_was_to_tell_it(make_tollgate: Callable[..., Tollgate], receiver: Receiver) -> None:
    tollgate = make_tollgate().start()
    channel = {"name": "Pager", "kind": "webhook", "url": receiver.url}
    secret = tollgate.manage("POST", "/alert/channel/new", channel)["signing_secret"]
    key = tollgate.manage("POST", "/key/generate", {"key_alias": "spent", "max_budget": 0})["key"]
    receiver.status = 503
    assert call_once(tollgate, key).status == 400
    eventually(lambda: receiver.told, "the first try")
    tollgate.signal(signal.SIGKILL)
    receiver.status = 200
    tollgate.start()
    # Another node waits ten seconds for one that is gone.
    eventually(lambda: len(receiver.told) > 1, "the alert after the restart", seconds_max=40)

    messages = [Webhook(secret).verify(body, headers) for headers, body in receiver.told]
    assert {message["event"] for message in messages} == {"budget_crossed"}
    assert len({headers["webhook-id"] for headers, _ in receiver.told}) == 1, "it can be told from another one"
    with pytest.raises(Exception, match="signature"):
        Webhook(secret).verify(json.dumps(messages[0]), receiver.told[0][0])

    def state() -> str:
        alerts = tollgate.manage("GET", "/alert/list")["alerts"]
        assert [alert["occurrences"] for alert in alerts] == [1]
        return alerts[0]["deliveries"][0]["state"]

    eventually(lambda: state() == "sent", "the delivery to be noted")


@pytest.mark.skipif("TOLLGATE_TEST_DATABASE_URL" not in os.environ, reason="runs on PostgreSQL")
@pytest.mark.timeout(180)
def test_that_the_database_is_away_is_told_while_it_is(make_tollgate: Callable[..., Tollgate], receiver: Receiver) -> None:
    link = Link.to_postgres()
    tollgate = make_tollgate(DATABASE_URL=link.url).start()
    tollgate.manage("POST", "/alert/channel/new", {"name": "Pager", "kind": "webhook", "url": receiver.url})
    spent, key = (tollgate.manage("POST", "/key/generate", fields)["key"] for fields in [{"max_budget": 0}, {}])
    # The node that tells alerts is the one that tells of it; a node of the test before may have to be waited for.
    assert call_once(tollgate, spent).status == 400
    eventually(lambda: receiver.told, "an alert", seconds_max=30)
    # Channels are read again every five seconds: none can be read when it is needed.
    time.sleep(6)
    assert call_once(tollgate, key).status == 200
    link.cut()
    assert call_once(tollgate, key).status == 200

    def events() -> list[str]:
        # A channel of the test before may be told of, too.
        messages = [json.loads(body) for _, body in receiver.told]
        return [message["event"] for message in messages if message["alert_type"] == "db_exceptions"]

    eventually(events, "word of the outage", seconds_max=60)
    link.mend()
    eventually(lambda: len(events()) > 1, "word of its end", seconds_max=60)
    assert events() == ["database_is_away", "database_away"]
    link.cut()
