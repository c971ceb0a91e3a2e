"""Downloads from a real HTTP server of this machine: checked, given up quickly, never half there."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from opensslrun.errors import ChecksumError, EnvironmentLacksError
from opensslrun.targets import fetch
from opensslrun.targets.cache import Cache, StoppedError, Work
from opensslrun.targets.fetch import download

CONTENT = b"release" * 100_000
SUM = hashlib.sha256(CONTENT).hexdigest()


class Answers(BaseHTTPRequestHandler):
    """What a host may do, by path."""

    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        match self.path.rpartition("/")[2]:
            case "good.tar.gz":
                self._send(200, CONTENT)
            case "missing.tar.gz":
                self._send(404, b"no")
            case "cut.tar.gz":
                self.send_response(200)
                self.send_header("Content-Length", str(len(CONTENT)))
                self.end_headers()
                self.wfile.write(CONTENT[:1000])
            case "moved.tar.gz":
                self.send_response(302)
                self.send_header("Location", "good.tar.gz")
                self.end_headers()
            case "silent.tar.gz":
                self.send_response(200)
                self.send_header("Content-Length", str(len(CONTENT)))
                self.end_headers()
                self.wfile.flush()
                threading.Event().wait(3)

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[tuple[str, list[str]]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.seen = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", server.seen  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    with serving() as served:
        yield served


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def work_in(folder: Path, report: Callable[[str, float | None], None] = lambda *_: None) -> Work:
    return Work(Cache(folder), report)


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_download_is_checked_kept_by_its_sum_and_not_asked_for_again(
    tmp_path: Path, server: tuple[str, list[str]]
) -> None:
    url, seen = server
    stages: list[tuple[str, float | None]] = []
    path = download(f"{url}/good.tar.gz", SUM, work_in(tmp_path, lambda *stage: stages.append(stage)))
    assert path.read_bytes() == CONTENT
    assert stages[-1] == ("downloading good.tar.gz", 1.0)
    download(f"{url}/good.tar.gz", SUM, work_in(tmp_path))
    assert seen == ["/good.tar.gz"]


def test_a_damaged_cache_entry_is_fetched_again(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    url, seen = server
    path = download(f"{url}/good.tar.gz", SUM, work_in(tmp_path))
    path.write_bytes(CONTENT[:-1] + b"X")
    assert download(f"{url}/good.tar.gz", SUM, work_in(tmp_path)).read_bytes() == CONTENT
    assert len(seen) == 2


def test_a_wrong_checksum_shows_both_sums_and_leaves_nothing(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    wrong = "1" * 64
    with pytest.raises(ChecksumError) as caught:
        download(f"{server[0]}/good.tar.gz", wrong, work_in(tmp_path))
    assert SUM in str(caught.value)
    assert wrong in str(caught.value)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [("missing.tar.gz", "answered 404"), ("cut.tar.gz", "cut off after 1000 of 700000 bytes|could not be read")],
)
def test_a_failed_download_says_why_and_leaves_nothing(
    name: str, told: str, tmp_path: Path, server: tuple[str, list[str]]
) -> None:
    with pytest.raises(EnvironmentLacksError, match=told):
        download(f"{server[0]}/{name}", SUM, work_in(tmp_path))
    assert left_in(tmp_path) == []


def test_a_redirection_is_followed(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    assert download(f"{server[0]}/moved.tar.gz", SUM, work_in(tmp_path)).read_bytes() == CONTENT


def test_a_host_that_falls_silent_is_given_up(
    tmp_path: Path, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "SILENCE_S", 0.2)
    with pytest.raises(EnvironmentLacksError, match="no answer within"):
        download(f"{server[0]}/silent.tar.gz", SUM, work_in(tmp_path))
    assert left_in(tmp_path) == []


def test_a_host_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SILENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        address = listening.getsockname()
        # The one place in the queue is taken, so that a further connection gets no answer at all.
        with socket.create_connection(address), pytest.raises(EnvironmentLacksError, match="no answer within"):
            download(f"http://127.0.0.1:{address[1]}/x.tar.gz", SUM, work_in(tmp_path))


def test_a_host_that_did_not_answer_is_not_asked_again_in_this_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(fetch, "SILENCE_S", 0.3)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        work = work_in(tmp_path)
        for name, said in (("a", "no answer within"), ("b", "b was not to be had: 127.0.0.1:")):
            with pytest.raises(EnvironmentLacksError, match=said):
                download(url + name, SUM, work)
        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
        with pytest.raises(EnvironmentLacksError, match="no answer within"):
            download(url + "c", SUM, work_in(tmp_path))


def test_a_host_that_falls_silent_in_the_middle_is_not_asked_again_in_this_run(
    tmp_path: Path, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "SILENCE_S", 0.2)
    url, seen = server
    work = work_in(tmp_path)
    for name, said in (("silent.tar.gz", "no answer within"), ("good.tar.gz", "good.tar.gz was not to be had: ")):
        with pytest.raises(EnvironmentLacksError, match=said):
            download(f"{url}/{name}", SUM, work)
    assert seen == ["/silent.tar.gz"]


def test_looking_up_a_name_has_an_end_and_can_be_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def lookup(*_: object, **__: object) -> None:
        release.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(fetch, "ANSWER_S", 0.3)
    try:
        with pytest.raises(EnvironmentLacksError, match="no answer within"):
            download("http://releases.invalid/x.tar.gz", SUM, work_in(tmp_path))
        monkeypatch.setattr(fetch, "ANSWER_S", 20)
        work = work_in(tmp_path)
        work.stop.set()
        with pytest.raises(StoppedError):
            download("http://releases.invalid/x.tar.gz", SUM, work)
    finally:
        release.set()


def test_a_host_that_answers_no_is_asked_for_the_next_file(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    with pytest.raises(EnvironmentLacksError, match="404"):
        download(f"{server[0]}/missing.tar.gz", SUM, work_in(tmp_path))
    assert download(f"{server[0]}/good.tar.gz", SUM, work_in(tmp_path)).exists()


def test_a_refused_connection_and_an_unknown_host_are_told_apart(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(EnvironmentLacksError, match="Connection refused"):
        download(f"http://127.0.0.1:{port}/x.tar.gz", SUM, work_in(tmp_path))
    with pytest.raises(EnvironmentLacksError, match="its host is not known here"):
        download("http://nowhere.invalid/x.tar.gz", SUM, work_in(tmp_path))


def test_the_proxy_of_the_environment_is_used(
    tmp_path: Path, server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, seen = server
    monkeypatch.setenv("http_proxy", url)
    download("http://releases.invalid/good.tar.gz", SUM, work_in(tmp_path))
    assert seen == ["http://releases.invalid/good.tar.gz"]


def test_an_unreadable_ca_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("no certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        pytest.raises(EnvironmentLacksError, match=r"ca\.pem cannot be read"),
    ):
        download(f"https://127.0.0.1:{listening.getsockname()[1]}/x.tar.gz", SUM, work_in(tmp_path / "cache"))


def test_authorities_are_not_read_where_no_way_leads_to_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_bundle: str | None) -> ssl.SSLContext:
        raise AssertionError("they were read")

    monkeypatch.setattr(fetch, "_context", read)
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(EnvironmentLacksError, match=r"gave no answer \(Connection refused\)"):
        download("https://127.0.0.1:1/x.tar.gz", SUM, work_in(tmp_path))
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        pytest.raises(AssertionError, match="they were read"),
    ):
        download(f"https://127.0.0.1:{listening.getsockname()[1]}/x.tar.gz", SUM, work_in(tmp_path))


def test_an_interrupted_download_leaves_nothing(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    work = work_in(tmp_path)
    stopping = Work(work.cache, lambda *_: work.stop.set(), work.stop)
    with pytest.raises(StoppedError):
        download(f"{server[0]}/good.tar.gz", SUM, stopping)
    assert left_in(tmp_path) == []
