"""The proposals of new releases, from data of the forms that the projects publish, served by this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from opensslrun.targets.load import load_targets

SCRIPT = Path(__file__).resolve().parents[3] / "ci" / "propose_releases.py"
SUM = "ab" * 32


class Served:
    """A server of fixed texts by path."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        texts = self.texts

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = texts.get(self.path)
                self.send_response(404 if text is None else 200)
                self.end_headers()
                self.wfile.write((text or "").encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def openssl(self, *tags: str, prerelease: bool = False) -> None:
        """Add releases."""
        releases = json.loads(self.texts.get("/releases", "[]"))
        for tag in tags:
            number = tag.removeprefix("openssl-").removeprefix("OpenSSL_").replace("_", ".")
            names = [f"openssl-{number}.tar.gz", f"openssl-{number}.tar.gz.sha256"]
            self.texts[f"/{names[1]}"] = f"{SUM} *{names[0]}\n"
            releases.append(
                {
                    "tag_name": tag,
                    "draft": False,
                    "prerelease": prerelease,
                    "published_at": "2030-02-01T10:00:00Z",
                    "assets": [{"name": name, "browser_download_url": f"{self.url}/{name}"} for name in names],
                }
            )
        self.texts["/releases"] = json.dumps(releases)

    def libressl(self, *numbers: str) -> None:
        """Add releases."""
        text = "".join(f"SHA256 (libressl-{number}.tar.gz) = {SUM}\n" for number in numbers)
        self.texts["/libressl/SHA256"] = f"SHA256 (libressl-4.3.0-relnotes.txt) = {SUM}\n" + text

    def propose(self) -> subprocess.CompletedProcess[str]:
        """Run the script on what is served."""
        argv = [sys.executable, str(SCRIPT), "--openssl", f"{self.url}/releases", "--libressl", f"{self.url}/libressl/"]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    served.openssl("openssl-3.5.5", "OpenSSL_1_1_1w")
    served.libressl("4.3.2", "2.8.3")
    yield served
    served.server.shutdown()
    served.server.server_close()


def test_nothing_newer_is_nothing_to_do(served: Served) -> None:
    done = served.propose()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_newest_of_each_line_is_proposed_as_a_table_that_loads(served: Served, tmp_path: Path) -> None:
    served.openssl("openssl-3.5.98", "openssl-3.5.99", "openssl-9.1.0", "OpenSSL_1_1_1x", "openssl-3.0.1")
    served.openssl("openssl-9.2.0-alpha1", "openssl-9.2.0", prerelease=True)
    served.libressl("2.7.9", "4.3.1", "4.3.20", "9.0.0")
    done = served.propose()
    assert done.returncode == 1, done.stderr
    tables = tomllib.loads(done.stdout)["target"]
    assert [table["id"] for table in tables] == [
        "openssl-1.1.1x",
        "openssl-3.5.99",
        "openssl-9.1.0",
        "libressl-4.3.20",
        "libressl-9.0.0",
    ]
    assert str(tables[1]["released"]) == "2030-02-01"
    assert tables[1]["routes"] == [{"tarball": f"{served.url}/openssl-3.5.99.tar.gz", "sha256": SUM}]
    assert tables[3]["routes"] == [{"tarball": f"{served.url}/libressl/libressl-4.3.20.tar.gz", "sha256": SUM}]
    path = tmp_path / "proposed.toml"
    path.write_text(done.stdout)
    assert load_targets(path, tmp_path)[-1].id == "libressl-9.0.0"


@pytest.mark.parametrize("text", ["{}", "[]", "[{}]", "<html>", ""])
def test_a_project_that_cannot_be_read_stops_nothing_of_the_other(served: Served, text: str) -> None:
    served.texts["/releases"] = text
    served.libressl("4.3.20")
    done = served.propose()
    assert done.returncode == 3
    assert f"{served.url}/releases" in done.stderr
    assert "libressl-4.3.20" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_checksum_that_is_none_is_refused(served: Served) -> None:
    served.openssl("openssl-3.5.99")
    served.texts["/openssl-3.5.99.tar.gz.sha256"] = "<html>"
    done = served.propose()
    assert done.returncode == 3
    assert "holds no sha256" in done.stderr
    assert "3.5.99" not in done.stdout


def test_a_list_without_a_release_of_libressl_is_refused(served: Served) -> None:
    served.texts["/libressl/SHA256"] = "nothing\n"
    done = served.propose()
    assert done.returncode == 3
    assert "lists no release of LibreSSL" in done.stderr
