"""Downloads honour the environment's proxies and certificate authorities, with a real proxy and a real authority."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from opensslrun.errors import EnvironmentLacksError
from opensslrun.targets.cache import Cache, Work
from opensslrun.targets.fetch import download

CONTENT = b"release" * 1000
SUM = hashlib.sha256(CONTENT).hexdigest()
VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
CA_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Release(BaseHTTPRequestHandler):
    """Answers everything with the one file."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Tunnel(Release):
    """A proxy that connects every name to one port of this machine and remembers which were asked for."""

    def do_CONNECT(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        with socket.create_connection(("127.0.0.1", self.server.to)) as other:  # type: ignore[attr-defined]
            self.send_response(200)
            self.end_headers()
            while True:
                for ready in select.select([self.connection, other], [], [], 10)[0] or [None]:
                    data = ready.recv(65536) if ready is not None else b""
                    if not data:
                        return
                    (other if ready is self.connection else self.connection).sendall(data)


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    with closing(server.socket):
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *(name.upper() for name in VARIABLES), *CA_VARIABLES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A root, and a file with the key and certificate of a server that it vouches for."""
    folder = tmp_path_factory.mktemp("authority")
    now = dt.datetime.now(dt.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("a root of a test", "a server")]
    alternatives = [x509.DNSName("releases.invalid"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    extensions: list[x509.ExtensionType] = [
        x509.BasicConstraints(ca=True, path_length=None),
        x509.SubjectAlternativeName(alternatives),
    ]
    certificates = [
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(names[0])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(extension, critical=False)
        .sign(keys[0], hashes.SHA256())
        for name, key, extension in zip(names, keys, extensions, strict=True)
    ]
    root, server = folder / "root.pem", folder / "server.pem"
    pem = serialization.Encoding.PEM
    root.write_bytes(certificates[0].public_bytes(pem))
    key = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    server.write_bytes(key + certificates[1].public_bytes(pem))
    return root, server


@pytest.fixture
def port(authority: tuple[Path, Path]) -> Iterator[int]:
    """The port of an HTTPS server of that authority."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Release)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority[1])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server) as found:
        yield found


@pytest.fixture
def proxy(port: int) -> Iterator[tuple[str, list[str]]]:
    """The URL of a proxy that leads to that server, and what it was asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tunnel)
    server.seen, server.to = [], port  # type: ignore[attr-defined]
    with running(server) as found:
        yield f"http://127.0.0.1:{found}", server.seen  # type: ignore[attr-defined]


def work_in(folder: Path) -> Work:
    return Work(Cache(folder), lambda *_: None)


def test_an_authority_that_nobody_named_is_not_trusted(tmp_path: Path, port: int) -> None:
    with pytest.raises(EnvironmentLacksError, match="certificate verify failed"):
        download(f"https://127.0.0.1:{port}/x.tar.gz", SUM, work_in(tmp_path))


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_of_the_environment_is_trusted(
    variable: str, tmp_path: Path, port: int, authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(authority[0]))
    assert download(f"https://127.0.0.1:{port}/x.tar.gz", SUM, work_in(tmp_path)).read_bytes() == CONTENT


def test_a_proxy_of_the_environment_is_used_for_https_but_not_where_it_is_ruled_out(
    tmp_path: Path,
    port: int,
    proxy: tuple[str, list[str]],
    authority: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, seen = proxy
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    monkeypatch.setenv("https_proxy", url)
    download("https://releases.invalid/x.tar.gz", SUM, work_in(tmp_path / "one"))
    assert seen == ["releases.invalid:443"]
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    download(f"https://127.0.0.1:{port}/x.tar.gz", SUM, work_in(tmp_path / "two"))
    assert seen == ["releases.invalid:443"]
