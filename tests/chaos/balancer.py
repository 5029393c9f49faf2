"""A load balancer as it stands before several API processes: each connection goes to the next one that takes it."""

import itertools
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

CHUNK_BYTES = 65_536


@contextmanager
def balancer(ports: Sequence[int]) -> Iterator[str]:
    """URL of a balancer before the processes on these ports; whoever is down is passed over."""
    turns = itertools.count()
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_serve, args=(door, ports, turns), daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        door.shutdown(socket.SHUT_RDWR)


def _serve(door: socket.socket, ports: Sequence[int], turns: Iterator[int]) -> None:
    with suppress(OSError):  # the door is closed
        while True:
            client, _ = door.accept()
            server = _connect(ports, next(turns))
            if server is None:
                client.close()
                continue
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _connect(ports: Sequence[int], turn: int) -> socket.socket | None:
    for offset in range(len(ports)):
        with suppress(ConnectionError):
            return socket.create_connection(("127.0.0.1", ports[(turn + offset) % len(ports)]))
    return None


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            target.sendall(chunk)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
