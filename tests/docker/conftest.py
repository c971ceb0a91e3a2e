"""Fixtures of the tests on a real engine: a client, and a small image with this machine's own openssl in it.

A test that needs them fails where there is no engine; it is never skipped.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from opensslrun.bench.containerbench import ContainerBench, Transfer
from opensslrun.bench.engine import connect
from opensslrun.bench.removal import RUN_LABEL, remove

TEST_LABEL = "opensslrun.test"
APPLETS = ("cat", "sh", "ls", "sleep", "ps", "ln", "mkfifo", "mkdir", "rm", "chmod", "wc", "id", "env", "nc", "touch")

BenchMaker = Callable[..., ContainerBench]
ImageMaker = Callable[[Path | None], str]


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    with contextlib.closing(connect()) as connected:
        yield connected


@pytest.fixture(scope="session")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's statically linked busybox."""
    where = tmp_path_factory.mktemp("busybox")
    where.chmod(0o755)
    subprocess.run(["apt-get", "download", "busybox-static"], cwd=where, check=True, capture_output=True)
    (package,) = where.glob("busybox-static_*.deb")
    subprocess.run(["dpkg-deb", "-x", package, where / "root"], check=True, capture_output=True)
    (found,) = [path for path in (where / "root").rglob("busybox") if path.is_file() and path.stat().st_mode & 0o111]
    return found


@pytest.fixture(scope="session")
def host_openssl() -> Path:
    """The openssl of this machine."""
    found = shutil.which("openssl")
    assert found is not None, "these tests run this machine's openssl; install it"
    return Path(found)


@pytest.fixture(scope="session")
def image_with_shell(client: docker.DockerClient, busybox: Path, host_openssl: Path) -> Iterator[ImageMaker]:
    """Makes images with busybox, this machine's openssl, what it loads, and its default config.

    Its argument is the program that is ``/bin/sh`` there, None for busybox. The images go when the session ends.
    """
    with contextlib.ExitStack() as images:

        def make(shell: Path | None) -> str:
            tar = root_with_openssl(busybox, host_openssl, shell)
            return images.enter_context(contextlib.contextmanager(imported_image)(client, tar))

        yield make


@pytest.fixture(scope="session")
def openssl_image(image_with_shell: ImageMaker) -> str:
    """The id of such an image, with busybox's shell."""
    return image_with_shell(None)


def imported_image(client: docker.DockerClient, tar: bytes) -> Iterator[str]:
    """An image for the length of a fixture."""
    repository = f"opensslrun-test/{uuid.uuid4().hex[:12]}"
    client.api.import_image_from_data(tar, repository=repository, changes=[f"LABEL {TEST_LABEL}=bench"])
    image = client.images.get(repository)
    assert image.id is not None
    try:
        yield image.id
    finally:
        client.images.remove(repository, force=True)


def root_with_openssl(busybox: Path, openssl: Path, shell: Path | None = None) -> bytes:
    """A root file system as a tar, merged-/usr as ours are; ``shell`` is what is ``/bin/sh``, None for busybox's.

    Libraries are found as on this machine, by its ``ld.so.cache``: the dynamic loader would look in 20 places else.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=True) as tar:
        for name in ("bin", "lib", "lib64"):
            _link(tar, name, f"usr/{name}")
        tar.add(busybox, "usr/bin/busybox")
        for name in APPLETS:
            if name != "sh" or shell is None:
                _link(tar, f"usr/bin/{name}", "busybox")
        if shell is not None:
            tar.add(shell, "usr/bin/sh")
        directory = Path(_said(openssl, "version", "-d").split('"')[1])
        modules = Path(_said(openssl, "version", "-m").split('"')[1])
        files = [openssl, *sorted(modules.glob("*.so"))]
        needed = {lib for file in [*files, *([shell] if shell else [])] for lib in _libraries(file)}
        found = [path for path in (directory / "openssl.cnf", Path("/etc/ld.so.cache")) if path.exists()]
        for path in sorted({*files, *needed, *found}):
            tar.add(path, re.sub(r"^(?=(bin|lib|lib64)/)", "usr/", str(path).lstrip("/")))
    return buffer.getvalue()


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, target
    tar.addfile(link)


def _said(openssl: Path, *argv: str) -> str:
    return subprocess.run([openssl, *argv], check=True, capture_output=True, text=True).stdout


def _libraries(binary: Path) -> set[Path]:
    listed = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
    return {Path(match[1]) for match in re.finditer(r"(/\S+) \(0x", listed)}


@pytest.fixture
def new_bench(client: docker.DockerClient, openssl_image: str) -> Iterator[BenchMaker]:
    """Makes benches of the image. In the end none of their containers may be left."""
    run_id = f"test-{uuid.uuid4().hex}"

    def make(image: str = openssl_image, transfer: Transfer = Transfer.AUTO, windows: bool = False) -> ContainerBench:
        return ContainerBench(
            image, name="the target", client=client, transfer=transfer, run_id=run_id, windows=windows
        )

    yield make
    found = client.api.containers(all=True, filters={"label": f"{RUN_LABEL}={run_id}"})
    for container in found:
        remove(client.api, container["Id"])
    assert [(container["Id"][:12], container["State"], container["Status"]) for container in found] == []
