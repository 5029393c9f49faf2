"""A webhook leads to the open internet and nowhere else, in whatever way an address is written."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from service.threads import AT_ONCE, Work
from service.webhooks import addresses as rules
from service.webhooks.addresses import Addresses, LookupsBusy, UrlRefused, is_public, resolve_by_system

PUBLIC, PUBLIC_6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


@pytest.fixture
def dns_answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Until it is set, DNS says nothing of any name."""
    answers, look_up = threading.Event(), socket.getaddrinfo

    def wait_for_dns(_host: str, *arguments: Any, **options: Any) -> Any:
        answers.wait()
        return look_up("127.0.0.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", wait_for_dns)
    yield answers
    answers.set()


def addresses(*found: str, allow_http: bool = False, allow_private: bool = False) -> Addresses:
    """The rules, where every name has these addresses."""

    async def resolve(_host: str, _port: int) -> list[str]:
        return list(found)

    return Addresses(allow_http, allow_private, resolve)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # an address to refuse
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "224.0.0.1",
        "239.1.1.1",
        "255.255.255.255",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b:1::7f00:1",
        "192.0.0.192",
        "192.88.99.1",
        "3fff::1",
        "5f00::1",
        "100:0:0:1::1",
        "4000::1",
    ],
)
async def test_an_address_that_is_not_public_is_refused_alone_and_among_others(address: str) -> None:
    assert not is_public(ip_address(address))
    for found in ((address,), (PUBLIC, address), (address, PUBLIC_6)):
        with pytest.raises(UrlRefused, match="public"):
            await addresses(*found).of("https://hook.example/")


@pytest.mark.parametrize("address", [PUBLIC, PUBLIC_6, f"::ffff:{PUBLIC}", "64:ff9b::808:808", "2002:808:808::"])
async def test_a_public_address_is_taken(address: str) -> None:
    assert await addresses(address).of("https://hook.example/") == [address]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:7f00:1]", "xn--"]
)
async def test_however_this_machine_or_nothing_is_written_it_is_refused(host: str) -> None:
    with pytest.raises(UrlRefused, match=r"127\.0\.0\.1|::1|::ffff|no address"):
        await Addresses(allow_http=False, allow_private=False).of(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example/",
        "ftp://hook.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "hook.example",
        "https://",
        "https:///path",
        "//hook.example/",
        "https://user:password@hook.example/",
        "https://user@hook.example/",
        "https://hook.example/#part",
        "https://hook.example:99999/",
        "https://[::1/",
        "",
    ],
)
async def test_an_url_of_another_kind_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(UrlRefused, match="accepted: "):
        await addresses(PUBLIC).of(url)


async def test_a_password_in_an_url_is_not_repeated() -> None:
    with pytest.raises(UrlRefused) as refused:
        await addresses(PUBLIC).of("https://user:hunter2@hook.example/")
    assert "hunter2" not in str(refused.value)


async def test_what_the_settings_allow_is_taken() -> None:
    assert await addresses("10.0.0.1", allow_http=True, allow_private=True).of("http://hook.lab:8080/a?b=c") == [
        "10.0.0.1"
    ]
    with pytest.raises(UrlRefused):
        await addresses("10.0.0.1", allow_http=True).of("http://hook.lab/")
    with pytest.raises(UrlRefused):
        await addresses("10.0.0.1", allow_private=True).of("http://hook.lab/")


async def test_a_name_without_address_is_refused() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(UrlRefused, match=r"'no\.example', which has no address"):
        await Addresses(False, False, resolve).of("https://no.example/")


async def test_the_system_gives_each_address_once() -> None:
    assert await resolve_by_system("127.0.0.1", 80) == ["127.0.0.1"]


async def test_names_that_dns_is_slow_to_find_hold_up_nobody_else(dns_answers: threading.Event) -> None:
    slow = [asyncio.create_task(resolve_by_system(f"h{number}.slow.example", 443)) for number in range(40)]
    async with asyncio.timeout(10):
        assert await asyncio.to_thread(max, 1, 2) == 2
        with pytest.raises(LookupsBusy, match="ask again"):
            await resolve_by_system("another.example", 443)
    dns_answers.set()
    found = await asyncio.gather(*slow, return_exceptions=True)
    assert found.count(["127.0.0.1"]) == AT_ONCE[Work.NAMES]
    assert [type(one) for one in found[AT_ONCE[Work.NAMES] :]] == [LookupsBusy] * (40 - AT_ONCE[Work.NAMES])
    assert await resolve_by_system("another.example", 443) == ["127.0.0.1"]


async def test_a_name_that_was_given_up_holds_its_thread_until_dns_answers(
    dns_answers: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "RESOLVE_SECONDS", 0.01)
    by_system = Addresses(allow_http=False, allow_private=True)
    for number in range(AT_ONCE[Work.NAMES]):
        with pytest.raises(UrlRefused, match=r"DNS did not find within 0\.01 s"):
            await by_system.of(f"https://h{number}.slow.example/")
    with pytest.raises(LookupsBusy):
        await by_system.of("https://another.example/")
    dns_answers.set()
    async with asyncio.timeout(10):
        while True:
            try:
                assert await by_system.of("https://another.example/") == ["127.0.0.1"]
                return
            except (LookupsBusy, UrlRefused):
                await asyncio.sleep(0)
