"""Ports of the loopback interface."""

import socket
from contextlib import ExitStack

from service.embedded.failures import CannotRun

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """`count` different ports that nothing listens on now."""
    with ExitStack() as stack:
        # All are held until the last one is known, so that they differ.
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]


def check_port(port: int) -> None:
    """Raises CannotRun when the port cannot be listened on."""
    with socket.socket() as one:
        # As servers do: a port whose last connections are still closing is free.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((LOOPBACK, port))
        except OSError as error:
            raise CannotRun(
                f"port {port} cannot be used ({error.strerror}): "
                "name another one with --port, or leave --port out and a free one is taken"
            ) from error
