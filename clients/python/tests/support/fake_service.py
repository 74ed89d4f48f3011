"""A service that answers what a test tells it to, and remembers what it was sent."""

import gzip
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """The JSON in it."""
        return json.loads(gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw)

    @property
    def key(self) -> str:
        """What tells a repeat."""
        return self.headers["idempotency-key"]


@dataclass(frozen=True)
class Reply:
    """One answer. Without a status the connection is closed instead."""

    status: int | None = 202
    headers: dict[str, str] = field(default_factory=dict)
    body: object = field(default_factory=dict)
    # Called before it is sent.
    first: Callable[[], object] = lambda: None


class FakeService:
    """The server. Answers the replies that are queued, then `otherwise`."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.received: list[Received] = []
        self.replies: deque[Reply] = deque()
        self.otherwise = Reply()

    @property
    def items(self) -> list[dict[str, Any]]:
        """All points and reports that were sent, as often as they were sent."""
        bodies = [request.body for request in self.received]
        return [item for body in bodies for item in (body if isinstance(body, list) else [body])]

    @property
    def points(self) -> list[dict[str, Any]]:
        """The points alone."""
        return [item for item in self.items if "name" in item]

    @property
    def reports(self) -> list[dict[str, Any]]:
        """The reports alone."""
        return [item for item in self.items if "exception_type" in item]


@contextmanager
def fake_service() -> Iterator[FakeService]:
    """Serves until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet; the second would wait for the first one's acknowledgement.
        wbufsize = -1

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            service.received.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, raw))
            reply = service.replies.popleft() if service.replies else service.otherwise
            reply.first()
            if reply.status is None:
                self.close_connection = True
                return
            body = json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Clients that went away."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = FakeService(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
