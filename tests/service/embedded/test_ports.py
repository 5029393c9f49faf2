"""Ports of the loopback interface."""

import socket

import pytest

from service.embedded.failures import CannotRun
from service.embedded.ports import check_port, free_ports


def test_free_ports_differ_and_can_be_used() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        check_port(port)


def test_a_port_in_use_is_refused_with_its_number_and_the_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(CannotRun, match=rf"port {port} cannot be used \(Address already in use\): .*--port"):
            check_port(port)
