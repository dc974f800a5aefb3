"""The guard of the tests: nothing leaves this machine, and everything on it stays within reach."""

import socket

import pytest

from tests.support.network import NotLocal


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_a_connection_to_elsewhere_is_refused(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe, pytest.raises(NotLocal, match=address):
        probe.connect((address, 80))


def test_looking_up_a_name_is_refused() -> None:
    with pytest.raises(NotLocal, match=r"stalls\.example"):
        socket.getaddrinfo("stalls.example", 443)


def test_this_machine_is_within_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    assert socket.getaddrinfo("localhost", 80)
