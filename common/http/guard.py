"""Which addresses we may reach for somebody.

An address that a person gave may point into our own network (SSRF), and a name may point elsewhere
at every look (DNS rebinding). So a name is resolved once, all of its addresses are judged, and the
connection goes to an address that was judged: see `backends`.

What is always refused unless it stands in `SAI_OUTBOUND_ALLOW`: link-local networks and the
metadata services of clouds, multicast, unspecified and reserved addresses. Private networks and
this machine itself are refused too, unless the guard was made with `private=True` because an
administrator set the address.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from common.errors import ExternalError, Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], list[str]]

LONGEST_URL: Final = 2000
_PRIVATE: Final = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
]
_PRIVATE_V6: Final = [ipaddress.ip_network(text) for text in ("fc00::/7", "::1/128")]
_METADATA: Final = [
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # most clouds
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure: a global address, and not for us
        "192.0.0.0/24",  # Oracle
        "fd00:ec2::/32",  # Amazon over IPv6
        "fd20:ce::254/128",  # Google over IPv6
    )
]
_GLOBAL_V6: Final = ipaddress.ip_network("2000::/3")
"""Nothing else of IPv6 is given to anybody yet; Python takes more for global."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class OutboundRefused(Invalid):
    """This address may not be reached from here; trying again changes nothing."""

    code = "outbound_refused"


def lookup(host: str, port: int) -> list[str]:
    """Addresses of a name, as the system knows them. OSError when it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Guard:
    """What may be reached. `names`: hosts as they are written, `.example.org` with all below it."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    private: bool = False
    """Private networks and this machine are allowed: an administrator set the address."""
    resolver: Resolver = field(default=lookup, compare=False)

    def addresses(self, host: str, port: int) -> list[str]:
        """Addresses to connect to. OutboundRefused when any is not allowed; ExternalError when
        the name is not known."""
        try:
            found = self.resolver(host.partition("%")[0], port)
        except (OSError, UnicodeError):
            found = []
        return self._judged(host, found)

    def _judged(self, host: str, found: list[str]) -> list[str]:
        if not found:
            raise ExternalError(
                _("The name %(host)s is not known.") % {"host": host},
                code="outbound_unknown_host",
                retryable=True,
                next_action=_("Check how it is written, and the name server."),
            )
        if not self._is_named(host) and not all(self._allows(text) for text in found):
            raise OutboundRefused(
                _("%(host)s lies in a network that must not be reached from here.")
                % {"host": host},
                next_action=_("An administrator can allow it in SAI_OUTBOUND_ALLOW."),
            )
        return found

    def _is_named(self, host: str) -> bool:
        name = host.lower().rstrip(".")
        below = {name[at:] for at, char in enumerate(name) if char == "."}
        return not self.names.isdisjoint({name, *below})

    def _allows(self, text: str) -> bool:
        address = _inner(ipaddress.ip_address(text.partition("%")[0]))
        if _within(address, self.networks):
            return True
        if _within(address, _METADATA) or address.is_multicast or address.is_unspecified:
            return False
        if _within(address, [*_PRIVATE, *_PRIVATE_V6]):
            return self.private
        known = address.version == 4 or address in _GLOBAL_V6
        return known and address.is_global


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == one.version and address in one for one in networks)


def guard(*, private: bool = False) -> Guard:
    """The guard of this installation, with what `SAI_OUTBOUND_ALLOW` lets through."""
    names, networks = set(), []
    for entry in settings.OUTBOUND_ALLOW:
        try:
            networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
        except ValueError:
            names.add(entry.lower().rstrip("."))
    return Guard(frozenset(names), tuple(networks), private)


def check_url(url: str, *, by: Guard | None = None, resolve: bool = True) -> SplitResult:
    """The parts of an address that may be asked, looked up now. Raises Invalid (OutboundRefused).

    Saying so when it is saved helps the person; what counts is the look at every connection.
    `resolve=False` leaves the name alone.
    """
    parts = _parts(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if resolve:
        try:
            (by or guard()).addresses(parts.hostname or "", port)
        except ExternalError as error:  # whoever wrote the address can mend it
            raise Invalid(error.message, code=error.code, next_action=error.next_action) from None
    return parts


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:  # a port that is no number, an open bracket
        known = False
    if not known or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise Invalid(_("An address begins with https:// or http:// and a host."), code="bad_url")
    if parts.username is not None or parts.password is not None:
        raise Invalid(_("An address must not hold a name and a password."), code="bad_url")
    return parts
