"""The one way out: where it goes, where it doesn't, and how it ends with those who misbehave."""

import asyncio
import time
from pathlib import Path

import httpx2
import pytest

from common.errors import ExternalError, Invalid
from common.http import clients, exchange
from common.http.exchange import Limits
from common.http.guard import Guard, OutboundRefused, check_url, guard
from common.tests.http_server import (
    HttpServer,
    closes,
    http_server,
    huge,
    own_certificate,
    slow,
    status,
)

PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
]
NEVER = [
    "169.254.169.254",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fe80::1",
    "fd00:ec2::254",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "::ffff:169.254.169.254",
    "240.0.0.1",
    "0.1.2.3",
    "198.18.0.1",
    "::7f00:1",
    "fec0::1",
    "64:ff9b:1::a00:1",
    "2001:0:1::1",
]


def resolving(*answers: list[str], names: set[str] | None = None, private: bool = False) -> Guard:
    """A guard whose name server gives one answer after the other, the last for ever."""
    waiting = list(answers)

    def resolver(_host: str, _port: int) -> list[str]:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return Guard(frozenset(names or ()), private=private, resolver=resolver)


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_nobody_is_led_into_our_own_network(address: str) -> None:
    with pytest.raises(OutboundRefused):
        resolving([address]).addresses("shop.example", 443)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_administrator_may_name_private_addresses(address: str) -> None:
    assert resolving([address], private=True).addresses("meet.corp", 443) == [address]


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_for_nobody(address: str) -> None:
    with pytest.raises(OutboundRefused):
        resolving([address], private=True).addresses("meet.corp", 443)


def test_one_bad_address_among_good_ones_is_enough() -> None:
    with pytest.raises(OutboundRefused):
        resolving(["93.184.216.34", "10.0.0.1"]).addresses("shop.example", 443)
    assert resolving(["93.184.216.34", "2606:2800::1"]).addresses("shop.example", 443)


def test_what_the_settings_allow(settings) -> None:
    settings.OUTBOUND_ALLOW = ["10.0.0.0/8", "hooks.corp", ".lab.corp", "[fd12::1]"]
    allowed = guard()
    found = Guard(allowed.names, allowed.networks, resolver=lambda _h, _p: ["10.9.9.9"])
    assert found.addresses("anything.example", 80) == ["10.9.9.9"]
    named = Guard(allowed.names, allowed.networks, resolver=lambda _h, _p: ["192.168.0.1"])
    for host in ("hooks.corp", "HOOKS.corp.", "a.lab.corp", "b.a.lab.corp"):
        assert named.addresses(host, 80)
    for host in ("nothooks.corp", "lab.corp", "evil-lab.corp", "hooks.corp.evil"):
        with pytest.raises(OutboundRefused):
            named.addresses(host, 80)
    six = Guard(allowed.names, allowed.networks, resolver=lambda _h, _p: ["fd12::1"])
    assert six.addresses("x", 80)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "file:///etc/passwd",
        "https://",
        "a.example",
        "https://user:word@a.example/",
        "https://a.example:port/",
        "https://a.example:0/",
        "https://[::1",
        "https://a.example/\nHost: b",
        "https://a.example/" + "x" * 2000,
        "",
    ],
)
def test_what_is_no_address_is_told_so(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url, by=resolving(["93.184.216.34"]))


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "2130706433", "localhost", "[::1]", "0"])
def test_this_machine_under_its_many_names(host: str) -> None:
    with pytest.raises(OutboundRefused):
        check_url(f"http://{host}/")


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(ExternalError) as caught:
        resolving([]).addresses("nowhere.example", 443)
    assert caught.value.retryable


def test_the_judged_address_is_the_one_connected(monkeypatch) -> None:
    """The name server changes its mind after the look: nothing is asked of it a second time."""
    with http_server() as server:
        turning = resolving(["93.184.216.34"], ["127.0.0.1"])
        check_url(server.url("shop.example"), by=turning)  # looks good when it is saved
        with pytest.raises(OutboundRefused):  # and is refused when it is used
            exchange.send("POST", server.url("shop.example"), by=turning)
        once = resolving(["127.0.0.1"], ["10.255.255.1"], private=True)
        answer = exchange.send("GET", server.url("shop.example"), by=once)
    assert answer.body == b"ok"
    assert len(server.asked) == 1
    assert server.asked[0].headers["host"] == f"shop.example:{server.port}"


async def test_the_same_in_an_event_loop() -> None:
    with http_server() as server:
        with pytest.raises(OutboundRefused):
            await exchange.send_async("GET", server.url())
        answer = await exchange.send_async("GET", server.url(), private=True)
        async with clients.async_client() as http:
            with pytest.raises(OutboundRefused):
                await http.get(server.url())
    assert answer.status == 200
    assert len(server.asked) == 1


def test_a_client_asks_the_guard_too() -> None:
    with http_server() as server:
        with clients.client() as http, pytest.raises(OutboundRefused):
            http.get(server.url())
        assert server.asked == []
        with clients.client(private=True, headers={"X-Mine": "1"}) as http:
            assert http.get(server.url()).text == "ok"
        assert server.asked[0].headers["x-mine"] == "1"


def test_proxies_of_the_environment_are_not_asked(monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with http_server() as server:
        assert exchange.send("GET", server.url(), private=True).status == 200


def test_a_redirect_is_an_answer() -> None:
    with http_server() as inside, http_server() as server:
        server.behaviour = status(302, b"", f"Location: {inside.url()}")
        answer = exchange.send("POST", server.url(), content=b"{}", private=True)
        assert answer.status == 302
        assert inside.asked == []


LIMITS = Limits(seconds=0.5, body_bytes=1000)


def test_whoever_drips_is_left_in_time() -> None:
    with http_server(slow(5)) as server:
        started = time.monotonic()
        with pytest.raises(ExternalError) as caught:
            exchange.send("GET", server.url(), private=True, limits=LIMITS)
        with pytest.raises(ExternalError):
            asyncio.run(exchange.send_async("GET", server.url(), private=True, limits=LIMITS))
        assert time.monotonic() - started < 3
    assert caught.value.code == "outbound_timeout"
    assert caught.value.retryable


def test_a_body_without_end_is_cut() -> None:
    with http_server(huge) as server:
        answer = exchange.send("GET", server.url(), private=True, limits=Limits(body_bytes=1000))
        other = asyncio.run(
            exchange.send_async("GET", server.url(), private=True, limits=Limits(body_bytes=1000))
        )
    assert (len(answer.body), answer.cut) == (1000, True)
    assert (len(other.body), other.cut) == (1000, True)


def test_who_hangs_up_and_who_is_not_there() -> None:
    with http_server(closes) as server, pytest.raises(ExternalError) as broken:
        exchange.send("GET", server.url(), private=True)
    assert broken.value.code == "outbound_broken"
    with pytest.raises(ExternalError) as away:
        exchange.send("GET", server.url(), private=True)
    assert away.value.code == "outbound_unreachable"


def _https(server: HttpServer, **more: object) -> exchange.Answer:
    by = resolving(["127.0.0.1"], private=True)
    return exchange.send("GET", server.url("hooks.example"), by=by, **more)


def test_the_name_stays_in_tls(tmp_path: Path) -> None:
    context, authority = own_certificate(tmp_path, "hooks.example")
    with http_server(tls=context) as server:
        assert _https(server, verify=authority).status == 200
        (tmp_path / "bundle.pem").write_text(authority)
        assert _https(server, verify=str(tmp_path / "bundle.pem")).status == 200
        assert _https(server, verify=False).status == 200
        assert {asked.server_name for asked in server.asked} == {"hooks.example"}
        with pytest.raises(ExternalError) as caught:
            _https(server)
        assert caught.value.code == "outbound_tls"


@pytest.mark.parametrize("bundle", ["/nowhere.pem", "-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_a_bundle_that_is_none(bundle: str) -> None:
    with pytest.raises(Invalid) as caught:
        clients.client(verify=bundle)
    assert caught.value.code == "ca_bundle"


def test_another_ones_certificate_is_refused(tmp_path: Path) -> None:
    context, authority = own_certificate(tmp_path, "other.example")
    with http_server(tls=context) as server, pytest.raises(ExternalError) as caught:
        _https(server, verify=authority)
    assert caught.value.code == "outbound_tls"


async def test_tls_in_an_event_loop(tmp_path: Path) -> None:
    context, authority = own_certificate(tmp_path, "hooks.example")
    by = resolving(["127.0.0.1"], private=True)
    with http_server(tls=context) as server:
        url = server.url("hooks.example")
        answer = await exchange.send_async("GET", url, by=by, verify=authority)
        assert answer.status == 200
        with pytest.raises(ExternalError):
            await exchange.send_async("GET", url, by=by)


def test_an_unknown_problem_is_broken() -> None:
    assert exchange.problem(httpx2.RemoteProtocolError("x")).code == "outbound_broken"
