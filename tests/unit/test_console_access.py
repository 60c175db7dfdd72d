"""Who may reach the console: the names that it goes by, the pages that may ask it, and how many at once."""

from __future__ import annotations

import socket

import pytest

from pacerail.console.access import Access, access_for, addresses, is_address, name_of, split_host
from pacerail.console.allowance import Allowances
from pacerail.console.control import CONTROL, VIEW
from pacerail.console.places import MOST_FEEDS, MOST_LOOKERS, MOST_VIEWERS, Full, Places
from pacerail.console.run import links
from pacerail.errors import InputError


def test_access_on_this_computer_and_beyond() -> None:
    here = access_for(None)
    assert here.role(None) == CONTROL and here.url() == "http://127.0.0.1:8359/"
    assert here.knows_host("127.0.0.1:8359") and here.knows_host("localhost:8359") and here.knows_host("[::1]:8359")
    for host in ("evil.example:8359", "127.0.0.1.evil.example:8359", "192.168.1.7:8359", ""):
        assert not here.knows_host(host), host
    out = access_for("0.0.0.0:9000")
    assert out.control_token is not None and out.view_token is not None and out.control_token != out.view_token
    assert len(out.control_token) >= 32
    assert out.role(out.control_token) == CONTROL and out.role(out.view_token) == VIEW
    assert out.role(None) is None and out.role("") is None and out.role(out.control_token[:-1]) is None
    assert out.role("ü" * 32) is None
    assert out.control_token in out.url() and out.control_token not in out.url(view=True)
    assert out.knows_host("192.168.1.7:9000") and not out.knows_host("evil.example:9000")
    assert access_for("0.0.0.0:9000").control_token != out.control_token
    assert access_for("localhost:9000").control_token is None
    assert here.knows_origin("http://127.0.0.1:8359", "127.0.0.1:8359")
    for origin in (
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1:8360",
        "file://127.0.0.1:8359",
        "http://[",
        "",
    ):
        assert not here.knows_origin(origin, "127.0.0.1:8359"), origin


@pytest.mark.parametrize("listen", ["", "8359", "host", "host:", "host:x", "host:70000", ":8359", "host:-1"])
def test_an_address_that_is_none(listen: str) -> None:
    with pytest.raises(InputError) as wrong:
        access_for(listen)
    assert "expected HOST:PORT" in str(wrong.value)


def test_hosts_are_split() -> None:
    assert split_host("[::1]:80") == ("::1", 80)
    assert split_host("A.example:8359") == ("a.example", 8359)
    assert split_host("[::1]") == ("::1", None)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:9000",
        "127.0.0.1:80",
        "127.0.0.1",
        "localhost:9000",
        "LocalHost",
        "127.8.9.1:1",
        "[::1]:9000",
        "[::1]",
    ],
)
def test_a_tunnel_may_begin_at_any_port(host: str) -> None:
    here = access_for(None)
    assert here.knows_host(host)
    assert here.knows_origin(f"http://{host.lower()}", host)


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example:8359",
        "localhost.evil.example:8359",
        "127.0.0.1.nip.io:8359",
        "evil.localhost:8359",
        "localhost.:8359",
        "10.0.0.1:8359",
        "0.0.0.0:8359",
        "[::]:8359",
        "[2001:db8::1]:8359",
        "[::1",
        "::1",
        "::1]:8359",
        "[::1]evil.example",
        "127.0.0.1:8359@evil.example",
        "evil.example#127.0.0.1",
        "127.0.0.1:port",
        "127.0.0.1:123456",
        "127.0.0.1, 127.0.0.1",
        "127.1:8359",
        "[localhost]:8359",
        "",
        " ",
        ":8359",
    ],
)
def test_no_other_name_gets_in_on_this_computer(host: str) -> None:
    assert not access_for(None).knows_host(host)
    assert not access_for("[::1]:8359").knows_host(host)


def test_beyond_this_computer_any_address_is_fine_and_no_other_name() -> None:
    out = access_for("[::]:8359")
    assert out.control_token is not None
    for host in ("[2001:db8::1]:8359", "[::1]:9000", "192.168.1.7:9000", "localhost:9000", f"{socket.gethostname()}:1"):
        assert out.knows_host(host), host
    for host in ("evil.example:8359", "[2001:db8::1", "2001:db8::1", "[1.2.3.4.example]", "[fe80::1%25eth0]:8359"):
        assert not out.knows_host(host), host
    assert name_of("[2001:DB8::1]:8359") == "2001:db8::1" and name_of("A.example") == "a.example"
    named = access_for("timing-hut.lan:8359")
    assert named.knows_host("Timing-Hut.lan:80") and named.control_token is not None


def test_the_addresses_that_a_phone_can_open() -> None:
    found = addresses()
    assert all(is_address(one) and not one.startswith(("127.", "fe80", "169.254.")) for one in found)
    assert "::1" not in found and len(found) == len(set(found))
    out = access_for("0.0.0.0:8359")
    assert out.hosts == [*(one for one in found if ":" not in one), socket.gethostname()]
    assert access_for("[::]:8359").hosts == [*(one for one in found if ":" in one), socket.gethostname()]
    lines = links(out)
    assert f"http://{out.hosts[0]}:8359/?token={out.control_token}" in lines[0]
    assert out.control_token not in "".join(lines[1:]) and f"?token={out.view_token}" in lines[1]
    assert all(host in "".join(lines) for host in out.hosts)
    assert out.url(view=True, host="2001:db8::1") == f"http://[2001:db8::1]:8359/?token={out.view_token}"
    assert Access("192.168.1.5", 8359, "c", "v").hosts == ["192.168.1.5"]


def test_who_may_be_in_control_finds_a_place_among_any_crowd() -> None:
    places = Places()
    crowd = [places.viewer(VIEW, f"10.0.0.{k}", 0.0) for k in range(MOST_LOOKERS + 1)]
    for one in crowd[:-1]:
        one.__enter__()
    with pytest.raises(Full, match="too many viewers"):
        crowd[-1].__enter__()
    held = [places.viewer(CONTROL, "10.0.1.1", 0.0) for _ in range(MOST_VIEWERS - MOST_LOOKERS)]
    for one in held:
        one.__enter__()
    with pytest.raises(Full), places.viewer(CONTROL, "10.0.1.1", 0.0):
        pass
    crowd[0].__exit__(None, None, None)
    with places.viewer(VIEW, "10.0.2.1", 0.0):
        assert places.viewers == MOST_VIEWERS
    assert places.viewers == MOST_VIEWERS - 1 and places.lookers == MOST_LOOKERS - 1


def test_feeds_have_places_of_their_own() -> None:
    places = Places()
    feeds = [places.feed(CONTROL, "a", 0.0) for _ in range(MOST_FEEDS)]
    for one in feeds:
        one.__enter__()
    with pytest.raises(Full, match="too many feeds"), places.feed(CONTROL, "a", 0.0):
        pass
    with places.viewer(VIEW, "a", 0.0):
        feeds[0].__exit__(None, None, None)
    with places.feed(VIEW, "a", 0.0):
        pass


def test_who_comes_again_and_again_is_held_back_and_nobody_else() -> None:
    places = Places()

    def came(role: str, address: str, now_s: float) -> bool:
        try:
            with places.viewer(role, address, now_s):
                return True
        except Full:
            return False

    assert sum(came(VIEW, "10.0.0.1", 0.0) for _ in range(1000)) < 50
    assert came(VIEW, "10.0.0.2", 0.0) and came(CONTROL, "10.0.0.1", 0.0)
    assert came(VIEW, "10.0.0.1", 5.0)
    asked = 0
    with pytest.raises(Full, match="asked too often"):
        while asked < 1000:
            places.ask("10.0.0.1", 0.0)
            asked += 1
    assert 10 <= asked < 100


def test_addresses_are_forgotten_in_the_end() -> None:
    allowances = Allowances(1, 0.001)
    assert allowances.take("a", 0.0) and not allowances.take("a", 0.0)
    for k in range(10_000):
        allowances.take(str(k), 0.0)
    assert len(allowances._of) < 1000  # pyright: ignore[reportPrivateUsage]
