from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from opensslrun.bench.containerbench import ContainerBench
from opensslrun.bench.engine import connect, engine_errors, engine_facts
from opensslrun.errors import EngineError, ExitStatus


@pytest.fixture(autouse=True)
def no_engine_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("host", "cause"),
    [
        ("unix:///nonexistent/docker.sock", "No such file or directory"),
        ("tcp://127.0.0.1:1", "Connection refused"),
        ("nonsense://x", "nonsense"),
    ],
)
def test_an_engine_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch, host: str, cause: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(EngineError) as caught:
        connect()

    sentence = str(caught.value)
    assert sentence.startswith(f"No container engine answers at {host} (DOCKER_HOST) (")
    assert cause.lower() in sentence.lower()
    assert sentence.endswith("; start it, or correct or unset DOCKER_HOST")
    assert "\n" not in sentence
    assert caught.value.exit_status is ExitStatus.ENVIRONMENT


def test_a_password_in_the_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://user:secret-word@127.0.0.1:1")
    with pytest.raises(EngineError) as caught:
        connect()

    assert "secret-word" not in str(caught.value)


def test_a_bench_without_engine_says_so_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    with pytest.raises(EngineError, match="No container engine answers"), ContainerBench("image"):
        pass


class _Silent(http.server.BaseHTTPRequestHandler):
    """An engine that answers its first calls and then stops in the middle of one."""

    def do_GET(self) -> None:
        body = b'{"ApiVersion": "1.41", "Version": "0"}' if self.path.endswith("/version") else b"OK"
        if "/info" in self.path:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def dying_engine() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"tcp://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_engine_that_stops_in_the_middle_is_one_sentence(monkeypatch: pytest.MonkeyPatch, dying_engine: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", dying_engine)
    client = connect()
    with pytest.raises(EngineError, match=r"Could not ask .* stopped answering \(.+\); see that it runs"):
        engine_facts(client)
    client.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (docker.errors.ImageNotFound("no such image"), "does not have that image"),
        (docker.errors.NotFound("no such container: x"), "no such container: x"),
        (docker.errors.APIError("driver failed\n  badly."), "'driver failed badly'"),
        (docker.errors.APIError("cannot mount " + "x" * 1000 + ": permission denied"), "x: permission denied'"),
        (docker.errors.DockerException("odd"), r"stopped answering \(odd\)"),
        (BrokenPipeError(32, "Broken pipe"), r"stopped answering \(Broken pipe\)"),
    ],
)
def test_what_the_engine_answers_becomes_a_sentence(error: Exception, words: str) -> None:
    with pytest.raises(EngineError, match=f"^Could not start x: .*{words}"), engine_errors("start x"):
        raise error


def test_a_mistake_of_ours_is_not_taken_for_the_engines() -> None:
    with pytest.raises(KeyError), engine_errors("start x"):
        raise KeyError("ours")


def test_importing_the_package_does_not_import_the_engines_library() -> None:
    code = "import sys, opensslrun, opensslrun.bench.containerbench as c; print('docker' in sys.modules)"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path("/"))
    assert seen.stdout == "False\n"
