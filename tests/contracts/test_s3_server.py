"""The S3 server of the tests keeps its place while it is away."""

import socket

import pytest
from fakes.s3 import S3Server


def test_a_server_that_is_away_refuses_calls_and_leaves_its_port_to_nobody(s3: S3Server) -> None:
    s3.put({"kept": b"1"})
    s3.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", s3.port), timeout=30)
    with socket.socket() as other, pytest.raises(OSError, match="already in use"):
        other.bind(("127.0.0.1", s3.port))
    s3.start()
    assert s3.keys() == ["kept"]
