"""Who may look and who may control: tokens, and the checks against pages of other sites; and where the page is.

On this computer's own address no token is needed: whoever can reach it sits at it, or has tunnelled to it. A page of
another site in the same browser can reach it too: so a request must name this very server (Host), which a name that was
made to point here does not, and a page that wants a WebSocket must be one of this server's (Origin). The port that it
names does not matter: an SSH tunnel may begin at any.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import re
import secrets
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import ifaddr

from pacerail.console.control import CONTROL, VIEW
from pacerail.errors import InputError

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8359
_ALL = ("0.0.0.0", "::", "")
_BEYOND = "198.51.100.1"  # RFC 5737: an address of nobody, to ask which way out is taken; nothing is sent to it

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?")


@dataclass(frozen=True)
class Access:
    """How a server may be reached. Tokens are None where none is needed."""

    host: str
    port: int
    control_token: str | None = None
    view_token: str | None = None

    def role(self, token: str | None) -> str | None:
        """CONTROL, VIEW, or None for a token that is none. Compared in constant time."""
        if self.control_token is None or self.view_token is None:
            return CONTROL
        given = (token or "").encode()
        is_control = hmac.compare_digest(given, self.control_token.encode())
        is_view = hmac.compare_digest(given, self.view_token.encode())
        return CONTROL if is_control else VIEW if is_view else None

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this server: an address, or a name that this computer has, at any port."""
        name = name_of(host)
        if name is None:
            return False
        if name == self.host or (is_loopback(self.host) and name == "localhost"):
            return True
        if is_loopback(self.host):
            return is_address(name) and is_loopback(name)
        own = socket.gethostname().lower()
        return is_address(name) or name in ("localhost", own, own.partition(".")[0], f"{own.partition('.')[0]}.local")

    def knows_origin(self, origin: str | None, host: str) -> bool:
        """Whether a page of this origin is this server's: the origin's host is the one that was asked for."""
        if origin is None:
            return False
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()

    @property
    def hosts(self) -> list[str]:
        """By what others reach this server, the likeliest first. One on all addresses has many, and a name."""
        if self.host not in _ALL:
            return [self.host]
        version = 6 if self.host == "::" else 4  # a server on all addresses of one kind is on none of the other
        return [*(one for one in addresses() if ipaddress.ip_address(one).version == version), socket.gethostname()]

    def url(self, path: str = "/", *, view: bool = False, host: str | None = None) -> str:
        """The address of a page, with its token; by the likeliest of `hosts` unless one is given."""
        host = self.hosts[0] if host is None else host
        host = f"[{host}]" if ":" in host else host
        token = self.view_token if view else self.control_token
        return f"http://{host}:{self.port}{path}" + (f"?token={token}" if token is not None else "")


def access_for(listen: str | None) -> Access:
    """The access for `--listen HOST:PORT`; tokens are made off this computer. Raises InputError for what is neither."""
    if listen is None:
        return Access(DEFAULT_HOST, DEFAULT_PORT)
    host, port = split_host(listen)
    if port is None or not host:
        raise InputError(f"--listen {listen}: expected HOST:PORT, such as 0.0.0.0:{DEFAULT_PORT}")
    if is_loopback(host):
        return Access(host, port)
    return Access(host, port, secrets.token_urlsafe(24), secrets.token_urlsafe(24))


def split_host(text: str) -> tuple[str, int | None]:
    """("name", port) of "name:port" or "[::1]:port", in small letters; port None if there is none or it is no port."""
    name, colon, port = text.strip().lower().rpartition(":")
    if not colon or port.endswith("]"):
        return text.strip().lower().strip("[]"), None
    number = int(port) if port.isdecimal() and len(port) <= 5 else -1
    return name.strip("[]"), number if 0 <= number <= 65_535 else None


def name_of(host: str) -> str | None:
    """The name or address in a Host header, in small letters; None if the header is none."""
    found = _HOST.fullmatch(host.strip().lower())
    return None if found is None else found[1] or found[2]


def addresses() -> list[str]:
    """The addresses by which others reach this computer, that of its usual way out first; without those of one link."""
    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            text = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            address = ipaddress.ip_address(text)
            if not (address.is_loopback or address.is_link_local):
                found.append(text)
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect((_BEYOND, 9))
        usual = way.getsockname()[0]
        if usual in found:
            found.insert(0, found.pop(found.index(usual)))
    return list(dict.fromkeys(found))


def is_address(name: str) -> bool:
    """Whether it is an IP address and no name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach it."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)
