"""A broker that refuses, goes away, comes back, or shows a certificate that is not to be trusted: one line for each."""

from __future__ import annotations

import functools
import itertools
import socket
import ssl
import threading
from pathlib import Path

import pytest

from pacerail.bench.night import BenchNight
from pacerail.bench.run import Settings
from pacerail.console.mqtt import Broker, parse_broker, publish
from tests.rail.consoleviewer import SHORT, Door, Viewer, played

trustme = pytest.importorskip("trustme", reason="trustme is not installed: pip install -e '.[dev]'")
TAKEN, NOT_AUTHORISED = b"\x20\x02\x00\x00", b"\x20\x02\x00\x05"


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    return path


class Brokers:
    """Answers one connection after the other: each with one of `answers`, and then hangs up, but for the last one."""

    def __init__(self, answers: list[bytes], tls: ssl.SSLContext | None = None) -> None:
        self._answers = answers
        self._tls = tls
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """No more."""
        self._ended.set()
        self._server.close()

    def _serve(self) -> None:
        held: list[socket.socket] = []
        while not self._ended.is_set():
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            heard = 0
            try:
                if self._tls is not None:
                    link = self._tls.wrap_socket(link, server_side=True)
                link.recv(1024)
                if len(self._answers) == 1:
                    link.sendall(self._answers[0])
                    held.append(link)
                    continue
                link.sendall(self._answers.pop(0))
                while link.recv(65536):  # until something was published
                    heard += 1
                    if heard > 3:
                        break
            except OSError:
                pass
            link.close()


def lines(viewer: Viewer) -> list[str]:
    """What the log says of it."""
    return [event["words"] for event in viewer.events if event["words"].startswith("MQTT")]


def watched(broker: Broker, short: Path, said: str, at_least: int = 1) -> list[tuple[str, str]]:
    """The lines of the log and their levels, once something was said so often."""
    found: list[tuple[str, str]] = []

    async def scenario(door: Door, bench: BenchNight) -> None:
        ana = await door.view()
        await ana.until(lambda v: sum(said in line for line in lines(v)) >= at_least)
        await ana.phase("finished")
        found.extend((event["words"], event["level"]) for event in ana.events if event["words"].startswith("MQTT"))

    beside = (functools.partial(publish, broker=broker),)
    played(scenario, Settings(speed=5.0), by_itself=short, beside=beside)
    return found


def test_one_that_refuses_and_one_that_hangs_up(short: Path) -> None:
    brokers = Brokers([NOT_AUTHORISED, TAKEN, TAKEN])
    where = f"127.0.0.1:{brokers.port}"
    found = watched(parse_broker(f"mqtt://a:wrong@{where}"), short, "is published", 2)
    brokers.close()
    assert found[0] == (f"MQTT: {where} refused: Not authorized; it is tried again", "warn")
    assert (f"MQTT: pacerail is published to {where}", "info") in found
    assert (f"MQTT: the connection to {where} was lost; it is tried again", "warn") in found
    assert len(found) <= 4 and all(one != two for one, two in itertools.pairwise(found))
    assert "wrong" not in str(found)


def test_one_that_is_away_and_comes_back(short: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = watched(parse_broker(f"mqtt://127.0.0.1:{port}"), short, "cannot be reached")
    assert found == [(f"MQTT: 127.0.0.1:{port} cannot be reached: Connection refused; it is tried again", "warn")]


@pytest.mark.parametrize("names", [["127.0.0.1"], ["other.example"]])
def test_a_certificate_that_is_not_to_be_trusted(short: Path, names: list[str]) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(*names).configure_cert(tls)
    brokers = Brokers([TAKEN], tls)
    found = watched(parse_broker(f"mqtts://127.0.0.1:{brokers.port}"), short, "certificate")
    brokers.close()
    assert found == [
        (
            f"MQTT: 127.0.0.1:{brokers.port} cannot be reached: its certificate is not to be trusted: "
            "unable to get local issuer certificate; it is tried again",
            "warn",
        )
    ]


def test_a_broker_that_knows_no_tls(short: Path) -> None:
    brokers = Brokers([TAKEN, TAKEN])
    found = watched(parse_broker(f"mqtts://127.0.0.1:{brokers.port}"), short, "cannot be reached")
    brokers.close()
    assert all("no TLS" in words or "cannot be reached" in words for words, _ in found) and len(found) <= 3
