"""What the balancer does with a request whose server dies: sent again only where that can do no harm."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from portal.cli.ports import free_ports
from tests.cluster.cluster import balancer
from tests.support.processes import eventually, status

Saw = Callable[[str], None]
_READY = "GET /readyz"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Server:
    """Stands where a web server would: always ready, but it may die in the middle of each request."""

    def __init__(self, port: int) -> None:
        self.is_dying = False
        self.heard: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Listen no more; once is enough."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                self._answer(self._listener.accept()[0])

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            head = connection.recv(65536).decode()
            is_check = head.startswith(_READY)
            if not is_check:
                self.heard.append(head)
            if is_check or not self.is_dying:
                connection.sendall(_ANSWER)


@pytest.fixture
def servers_behind(tmp_path: Path) -> Iterator[tuple[str, list[Server]]]:
    """The balancer's address and the two servers behind it."""
    front, *ports = free_ports(3)
    servers = [Server(port) for port in ports]
    child = balancer(front, ports, tmp_path)
    try:
        assert eventually(lambda: child.is_running() and is_up(front), 30), child.last_lines()
        yield f"http://127.0.0.1:{front}", servers
    finally:
        child.stop()
        for server in servers:
            server.close()


def is_up(front: int) -> bool:
    with suppress(OSError):
        return status(front, "/readyz") == 200
    return False


def answers(ask: Callable[[], requests.Response]) -> list[int]:
    return [ask().status_code for _ in range(10)]


def test_what_changes_nothing_is_asked_of_the_other_server(servers_behind: tuple[str, list[Server]]) -> None:
    address, (dying, living) = servers_behind
    dying.is_dying = True
    assert answers(lambda: requests.get(address, timeout=10)) == [200] * 10
    assert dying.heard
    assert len(living.heard) == 10


def test_what_may_change_something_is_sent_once_and_told_honestly(
    servers_behind: tuple[str, list[Server]], saw: Saw
) -> None:
    address, (dying, living) = servers_behind
    dying.is_dying = True
    found = [requests.post(address, data={"number": number}, timeout=10) for number in range(20)]
    told = [answer.status_code for answer in found]
    assert set(told) == {200, 503}
    assert told.count(503) == len(dying.heard)
    assert len(dying.heard) + len(living.heard) == 20
    sorry = next(answer for answer in found if answer.status_code == 503)
    assert sorry.headers["Retry-After"] == "5"
    assert "What was confirmed to you before is safe" in sorry.text
    saw(f"20 forms, of which {told.count(503)} met a dying server: each was sent once and answered 503")


def test_on_a_kept_connection_it_is_sent_once_too_and_the_connection_ends(
    servers_behind: tuple[str, list[Server]], saw: Saw
) -> None:
    """HAProxy says nothing there and hangs up; forms have keys, because browsers then ask again by themselves."""
    address, (dying, living) = servers_behind
    dying.is_dying = True
    told: list[object] = []
    with requests.Session() as session:
        for number in range(20):
            try:
                told.append(session.post(address, data={"number": number}, timeout=10).status_code)
            except requests.ConnectionError:
                told.append("cut")
    assert set(told) <= {200, 503, "cut"}
    assert told.count(200) == len(living.heard)
    assert len(dying.heard) + len(living.heard) == 20
    saw(f"20 forms on kept connections, {told.count('cut')} cut and {told.count(503)} × 503: each was sent once")


def test_who_refuses_connections_is_passed_by_whatever_is_sent(servers_behind: tuple[str, list[Server]]) -> None:
    address, (gone, living) = servers_behind
    gone.close()
    assert answers(lambda: requests.post(address, data={"a": "b"}, timeout=10)) == [200] * 10
    assert len(living.heard) == 10


def test_the_address_of_a_person_is_the_last_one_told(servers_behind: tuple[str, list[Server]]) -> None:
    address, servers = servers_behind
    requests.get(address, headers={"X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "https"}, timeout=10)
    [head] = [head.lower() for server in servers for head in server.heard]
    told = [line.split(": ")[1] for line in head.splitlines() if line.startswith("x-forwarded-for")]
    assert told == ["203.0.113.1", "127.0.0.1"]
    assert "x-forwarded-proto: http\r" in head
    assert "https" not in head
