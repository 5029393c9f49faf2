"""A service that answers over HTTP what a test tells it to, broken connections included."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """One answer. `breaks_off`: the connection ends before the body does; status 0 ends it without any answer."""

    body: str = ""
    status: int = 200
    breaks_off: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class ScriptedService:
    """Answers by (method, path) in turn, the last one again and again; paths without a script are 404."""

    url: str
    requests: list[Request] = field(default_factory=list)
    _scripts: dict[tuple[str, str], list[Answer]] = field(default_factory=lambda: defaultdict(list))

    def answers(self, method: str, path: str, *answers: Answer) -> None:
        """Sets what the path answers from now on."""
        self._scripts[method, path] = list(answers)

    def requests_of(self, method: str, path: str) -> list[Request]:
        """The requests that came for the path, in order."""
        return [one for one in self.requests if (one.method, urlsplit(one.path).path) == (method, path)]

    def take(self, request: Request) -> Answer:
        """The next answer for the request."""
        self.requests.append(request)
        script = self._scripts[request.method, urlsplit(request.path).path]
        if not script:
            problem = '{"title": "Not found", "status": 404, "detail": "not scripted", "code": "not_found"}'
            return Answer(problem, status=404)
        return script.pop(0) if len(script) > 1 else script[0]


@contextmanager
def scripted_service() -> Iterator[ScriptedService]:
    """A running service without any script."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    service = ScriptedService(f"http://127.0.0.1:{server.server_address[1]}")
    server.scripted = service  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        service: ScriptedService = self.server.scripted  # type: ignore[attr-defined]
        answer = service.take(Request(self.command, self.path, dict(self.headers), body))
        if answer.status == 0:
            return
        content = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content) + answer.breaks_off))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = _answer  # noqa: N815  # http.server looks for these names
    do_POST = _answer  # noqa: N815
    do_PATCH = _answer  # noqa: N815
    do_DELETE = _answer  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""
