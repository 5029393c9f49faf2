"""One message as its receiver sees it: signed, posted to the address that was checked, and to no other."""

import asyncio
import datetime as dt
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fakes.scripted_service import Answer, ScriptedService, scripted_service

from service.vault import Vault
from service.webhooks.addresses import Addresses
from service.webhooks.postman import Letter, Postman, Receipt
from service.webhooks.signatures import make_secret, sign

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VAULT = Vault(Fernet.generate_key().decode(), Path("/nonexistent"))


@pytest.fixture
def receiver() -> Iterator[ScriptedService]:
    """A receiver on this machine."""
    with scripted_service() as receiver:
        receiver.answers("POST", "/hook", Answer(status=204))
        yield receiver


def postman(*, allow_private: bool = True, found: list[str] | None = None) -> Postman:
    async def resolve(_host: str, _port: int) -> list[str]:
        return found if found is not None else ["127.0.0.1"]

    return Postman(VAULT, Addresses(True, allow_private, resolve))


def letter(url: str, secrets: tuple[str, ...] = (SECRET,)) -> Letter:
    return Letter(url, tuple(map(VAULT.seal, secrets)), "msg_1", {"type": "sweep.state", "data": {"name": "µ"}})


async def test_a_message_is_signed_over_what_is_sent(receiver: ScriptedService) -> None:
    receipt = await postman().post(letter(f"{receiver.url}/hook"), NOW)
    assert receipt == Receipt(204)
    (request,) = receiver.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", str(int(NOW.timestamp())))
    assert headers["content-type"] == "application/json"
    assert headers["webhook-signature"] == sign([SECRET], "msg_1", int(NOW.timestamp()), request.body.encode())


async def test_a_message_is_signed_by_each_secret(receiver: ScriptedService) -> None:
    new = make_secret()
    await postman().post(letter(f"{receiver.url}/hook", (new, SECRET)), NOW)
    (request,) = receiver.requests
    at, body = int(NOW.timestamp()), request.body.encode()
    signatures = request.headers["webhook-signature"].split(" ")
    assert signatures == [sign([secret], "msg_1", at, body) for secret in (new, SECRET)]


async def test_the_receiver_is_told_the_name_it_was_asked_by(receiver: ScriptedService) -> None:
    port = receiver.url.rpartition(":")[2]
    assert (await postman().post(letter(f"http://hook.example:{port}/hook?a=b"), NOW)).status == 204
    assert receiver.requests[0].headers["Host"] == f"hook.example:{port}"
    assert receiver.requests[0].path == "/hook?a=b"


async def test_a_name_that_turned_private_since_is_not_connected_to(receiver: ScriptedService) -> None:
    receipt = await postman(allow_private=False).post(letter(f"{receiver.url}/hook"), NOW)
    assert receipt.problem is not None
    assert "public" in receipt.problem
    assert receiver.requests == []


async def test_the_next_address_is_tried_when_one_cannot_be_reached(receiver: ScriptedService) -> None:
    receipt = await postman(found=["127.0.0.2", "127.0.0.1"]).post(letter(f"{receiver.url}/hook"), NOW)
    assert receipt.status == 204


async def test_a_redirect_is_a_failure_and_not_followed(receiver: ScriptedService) -> None:
    receiver.answers("POST", "/hook", Answer(status=307, headers={"Location": f"{receiver.url}/else"}))
    assert await postman().post(letter(f"{receiver.url}/hook"), NOW) == Receipt(307, "the receiver answered 307")
    assert [request.path for request in receiver.requests] == ["/hook"]


async def test_an_endless_answer_is_not_read(receiver: ScriptedService) -> None:
    # It promises a byte more than it sends: whoever read it to its end would wait or fail.
    receiver.answers("POST", "/hook", Answer(body="x" * 10_000_000, breaks_off=True))
    assert await postman().post(letter(f"{receiver.url}/hook"), NOW) == Receipt(200)


@pytest.mark.parametrize(("wanted", "seconds"), [("120", 120), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("9" * 20, 0)])
async def test_a_receiver_that_wants_rest_is_heard(receiver: ScriptedService, wanted: str, seconds: int) -> None:
    receiver.answers("POST", "/hook", Answer(status=429, headers={"Retry-After": wanted}))
    assert (await postman().post(letter(f"{receiver.url}/hook"), NOW)).retry_after_seconds == seconds


async def test_a_broken_or_absent_receiver_is_a_problem(receiver: ScriptedService) -> None:
    receiver.answers("POST", "/hook", Answer(status=0))
    for url in (f"{receiver.url}/hook", "http://127.0.0.1:1/"):
        receipt = await postman().post(letter(url), NOW)
        assert receipt.status is None
        assert receipt.problem is not None
        assert receipt.problem.startswith("no answer: ")


async def test_a_receiver_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.webhooks.postman.TRY_SECONDS", 0.1)
    async with await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(3), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await postman().post(letter(f"http://127.0.0.1:{port}/"), NOW)).problem == "no answer within 0 s"


async def test_a_secret_that_cannot_be_opened_is_a_problem() -> None:
    sealed = Vault(Fernet.generate_key().decode(), Path("/nonexistent")).seal(SECRET)
    receipt = await postman().post(Letter("http://hook.example/", (sealed,), "msg_1", {}), NOW)
    assert "SUPSWEEP_SECRET_KEYS" in str(receipt.problem)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate of hook.example that signed itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hook.example")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
    builder = builder.not_valid_after(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("hook.example")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = tmp_path / "hook.pem"
    file.write_bytes(pem + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:  # http.server looks for this name
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


async def test_the_certificate_is_checked_against_the_name_and_not_the_address(authority: Path) -> None:
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(authority)
    server = HTTPServer(("127.0.0.1", 0), _Taker)
    server.socket = serving.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    trusting = Postman(VAULT, postman().addresses, ssl.create_default_context(cafile=authority))
    try:
        answers = {
            host: await trusting.post(letter(f"https://{host}:{server.server_port}/"), NOW)
            for host in ("hook.example", "evil.example")
        }
        distrusting = await postman().post(letter(f"https://hook.example:{server.server_port}/"), NOW)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert answers["hook.example"] == Receipt(204)
    for receipt in (answers["evil.example"], distrusting):
        assert "CERTIFICATE_VERIFY_FAILED" in str(receipt.problem)
