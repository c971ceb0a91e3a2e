"""Images pulled from a real registry that runs on this machine: by digest, tampered with, with packages."""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from opensslrun.errors import EnvironmentLacksError
from opensslrun.targets import engine as engine_module
from opensslrun.targets.apt import fetch_packages
from opensslrun.targets.cache import Cache, Work
from opensslrun.targets.engine import Engine, registry_of, split_reference
from opensslrun.targets.images import Job, find_image
from opensslrun.targets.model import ImageRoute, Obtained, SuiteRoute, Target
from opensslrun.targets.obtain import obtain, obtain_many, open_bench
from opensslrun.targets.prove import prove

CONFIG = """\
version: 0.1
log: {{ level: error }}
storage:
  filesystem: {{ rootdirectory: {folder}/data }}
http: {{ addr: "127.0.0.1:{port}" }}
"""


@dataclass(frozen=True)
class Registry:
    """A registry on this machine and the folder of its data."""

    address: str
    data: Path

    def push(self, engine: Engine, image_id: str, name: str) -> str:
        """Push an image and give the reference of it by digest; the engine then forgets the name."""
        engine.client.api.tag(image_id, f"{self.address}/{name}", "1")
        said = engine.client.api.push(f"{self.address}/{name}", tag="1")
        match = re.search(r"digest: (sha256:[0-9a-f]{64})", str(said))
        assert match is not None, said
        engine.forget(f"{self.address}/{name}:1")
        return f"{self.address}/{name}@{match[1]}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/v2/", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Debian's docker-registry, fetched and used without being installed."""
    folder = tmp_path_factory.mktemp("registry")
    work = Work(Cache(folder / "cache"), lambda *_: None)
    with Engine() as engine:
        packages = fetch_packages(
            SuiteRoute("bookworm", ("docker-registry",)), engine.architecture, folder / "debs", work
        )
    package = next(package for package in packages if package.name == "docker-registry")
    subprocess.run(["dpkg-deb", "-x", package.path, folder / "root"], check=True)
    port = free_port()
    (folder / "config.yml").write_text(CONFIG.format(folder=folder, port=port))
    with subprocess.Popen(
        [folder / "root/usr/bin/docker-registry", "serve", folder / "config.yml"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            deadline = time.monotonic() + 20
            while not answers(f"127.0.0.1:{port}"):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield Registry(f"127.0.0.1:{port}", folder / "data")
        finally:
            process.terminate()


@pytest.fixture
def libressl(shipped: dict[str, Target]) -> Target:
    return shipped["libressl-3.0.2"]


def by_image(target: Target, *routes: ImageRoute) -> Target:
    return replace(target, id="test-pulled", routes=routes, builder=None)


def image_id_of(target: Target) -> str:
    image_id = obtain(target, lambda *_: None).image_id
    assert image_id is not None
    return image_id


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("debian", ("debian", "latest")),
        ("debian:12-slim", ("debian", "12-slim")),
        ("localhost:5000/a/b", ("localhost:5000/a/b", "latest")),
        ("localhost:5000/a/b:1", ("localhost:5000/a/b", "1")),
        ("localhost:5000/a@sha256:12", ("localhost:5000/a", "sha256:12")),
        ("localhost:5000/a:1@sha256:12", ("localhost:5000/a", "sha256:12")),
    ],
)
def test_a_reference_is_one_image_and_never_all_tags(reference: str, parts: tuple[str, str]) -> None:
    assert split_reference(reference) == parts


@pytest.mark.parametrize(
    ("repository", "registry"),
    [
        ("debian", "docker.io"),
        ("library/debian", "docker.io"),
        ("localhost/debian", "localhost"),
        ("example.org/a/b", "example.org"),
        ("host:5000/a", "host:5000"),
    ],
)
def test_the_registry_of_a_repository_is_found_as_docker_finds_it(repository: str, registry: str) -> None:
    assert registry_of(repository) == registry


def test_an_image_built_once_is_pulled_by_its_digest_and_proves_to_be_the_same(
    registry: Registry, engine: Engine, libressl: Target
) -> None:
    built = obtain(libressl, lambda *_: None)
    reference = registry.push(engine, image_id_of(libressl), "opensslrun/libressl")
    target = by_image(libressl, ImageRoute(reference))
    pulled = obtain(target, lambda *_: None)
    assert pulled.digest == reference.partition("@")[2]
    assert pulled.origin == f"image {reference} ({built.origin})"
    with open_bench(built) as one, open_bench(pulled) as other:
        assert prove(one, libressl) == prove(other, target)
    image = find_image(engine, Job.of_target(target, engine.architecture))
    assert image is not None
    assert image.id == obtain(target, lambda *_: None).image_id, "it is there now, and nothing is pulled again"


def test_what_was_pushed_is_pulled_by_the_line_that_was_printed(
    registry: Registry, engine: Engine, libressl: Target
) -> None:
    built = obtain(libressl, lambda *_: None)
    argv = [sys.executable, "-m", "opensslrun", "targets", "push", f"{registry.address}/team", "-t", libressl.id]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'{libressl.id}: {{ image = "{registry.address}/team/{libressl.id}@sha256:')
    reference = done.stdout.split('"')[1]
    target = by_image(libressl, ImageRoute(reference))
    with open_bench(built) as one, open_bench(obtain(target, lambda *_: None)) as other:
        assert prove(one, libressl) == prove(other, target)
    assert engine.find(f"{registry.address}/team/{libressl.id}") is None, "no name is left behind"


def test_a_registry_that_is_not_there_gets_one_sentence(libressl: Target) -> None:
    obtain(libressl, lambda *_: None)
    argv = [sys.executable, "-m", "opensslrun", "targets", "push", f"127.0.0.1:{free_port()}", "-t", libressl.id]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "Could not push" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_registry_that_gives_no_answer_is_given_up_and_not_asked_for_the_next_target(
    libressl: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_REGISTRY_ANSWER_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        registry = f"127.0.0.1:{silent.getsockname()[1]}"
        targets = [replace(by_image(libressl, ImageRoute(f"{registry}/{name}:1")), id=f"test-{name}") for name in "abc"]
        asked: list[str] = []
        had = obtain_many(targets, 1, lambda _target, stage, _part: asked.append(stage))
    for name in "abc":
        said = f"{registry}/{name}:1 was not to be had: {registry} gave no answer (no answer within 1 s)"
        assert said in str(had[f"test-{name}"])
    assert len(asked) == 1


def test_a_registry_that_nobody_can_connect_to_is_not_asked_for_the_next_target(libressl: Target) -> None:
    registry = f"127.0.0.1:{free_port()}"
    targets = [replace(by_image(libressl, ImageRoute(f"{registry}/{name}:1")), id=f"test-{name}") for name in "ab"]
    asked: list[str] = []
    had = obtain_many(targets, 1, lambda _target, stage, _part: asked.append(stage))
    for name in "ab":
        assert f"{name}:1 was not to be had: {registry} gave no answer (" in str(had[f"test-{name}"])
    assert len(asked) == 1
    again = obtain_many(targets[1:], 1, lambda _target, stage, _part: asked.append(stage))
    assert str(again["test-b"]) == str(had["test-b"]), "who asks first makes no difference to what is said"
    assert len(asked) == 2, "another run asks again"


def test_what_one_registry_lacks_is_no_reason_not_to_ask_it_for_another(
    registry: Registry, engine: Engine, libressl: Target
) -> None:
    reference = registry.push(engine, image_id_of(libressl), "opensslrun/libressl")
    gone = replace(by_image(libressl, ImageRoute(f"{reference.partition('/')[0]}/gone:1")), id="test-gone")
    there = by_image(libressl, ImageRoute(reference))
    had = obtain_many([gone, there], 1, lambda *_: None)
    assert isinstance(had["test-gone"], EnvironmentLacksError)
    assert isinstance(had[there.id], Obtained)


def test_a_digest_that_the_registry_does_not_have_is_refused(
    registry: Registry, engine: Engine, libressl: Target
) -> None:
    reference = registry.push(engine, image_id_of(libressl), "opensslrun/libressl")
    other = f"{reference.partition('@')[0]}@sha256:{'1' * 64}"
    with pytest.raises(EnvironmentLacksError, match="Could not pull the image"):
        obtain(by_image(libressl, ImageRoute(other)), lambda *_: None)


@pytest.mark.parametrize("part", ["manifest", "layer"])
def test_an_image_that_was_tampered_with_in_the_registry_is_refused(
    part: str, registry: Registry, engine: Engine, tmp_path: Path
) -> None:
    tar = tmp_path / "root.tar"
    with tarfile.open(tar, "w") as root:
        content = part.encode() * 100
        info = tarfile.TarInfo("file")
        info.size = len(content)
        root.addfile(info, io.BytesIO(content))
    image = engine.import_root(tar, "opensslrun/test-tampered:1", {"opensslrun.target": "test-tampered"})
    reference = registry.push(engine, image.id, f"tampered-{part}")
    engine.remove(image)
    digest = reference.rpartition(":")[2]
    blob = registry.data / f"docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}/data"
    manifest = blob.read_text()
    if part == "layer":
        layer = re.findall(r'"digest":\s*"sha256:([0-9a-f]{64})"', manifest)[-1]
        blob = registry.data / f"docker/registry/v2/blobs/sha256/{layer[:2]}/{layer}/data"
    blob.write_bytes(
        blob.read_bytes().replace(b'"size"', b'"sizE"') if part == "manifest" else b"\x1f\x8b" + bytes(200)
    )
    with Engine() as other, pytest.raises(EnvironmentLacksError) as caught:
        other.pull(reference, Work(Cache(tmp_path), lambda *_: None))
    assert "Could not pull the image" in str(caught.value)
    assert engine.find(reference) is None


FAKE_APK = """\
#!/bin/sh
# A package manager whose one package is a program that says which version it is.
[ "$*" = "add --no-cache openssl" ] || { echo "unknown package $*"; exit 4; }
printf '#!/bin/sh\\necho "OpenSSL 3.3.2 3 Sep 2024"\\n' > /usr/bin/openssl
chmod 755 /usr/bin/openssl
"""


@pytest.fixture
def foreign(registry: Registry, engine: Engine, libressl: Target, tmp_path: Path) -> Iterator[str]:
    """An image of somebody else's in the registry: a package manager, and neither work directory nor user."""
    tar = tmp_path / "root.tar"
    container = engine.client.api.create_container(image_id_of(libressl), ["sh"])["Id"]
    with tar.open("wb") as handle:
        for chunk in engine.client.api.export(container):
            handle.write(chunk)
    engine.client.api.remove_container(container)
    foreign = tmp_path / "foreign.tar"
    with tarfile.open(tar) as old, tarfile.open(foreign, "w") as new:
        for member in old:
            if member.name.rstrip("/") not in {"w", "usr/local/bin/openssl", "etc/passwd", "etc/group"}:
                new.addfile(member, old.extractfile(member) if member.isreg() else None)
        for name, text, mode in (
            ("usr/bin/apk", FAKE_APK, 0o755),
            ("etc/passwd", "root:x:0:0::/root:/bin/sh", 0o644),
            ("etc/group", "root:x:0:\n", 0o644),
        ):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), mode
            new.addfile(info, io.BytesIO(text.encode()))
    engine.client.api.import_image(src=str(foreign), repository=f"{registry.address}/foreign", tag="3")
    engine.client.api.push(f"{registry.address}/foreign", tag="3")
    engine.forget(f"{registry.address}/foreign:3")
    yield f"{registry.address}/foreign:3"
    if engine.find(f"{registry.address}/foreign:3") is not None:
        engine.forget(f"{registry.address}/foreign:3")


def test_packages_are_installed_by_the_images_own_package_manager(
    foreign: str, engine: Engine, libressl: Target
) -> None:
    target = replace(
        by_image(libressl, ImageRoute(foreign, ("openssl",))),
        implementation=type(libressl.implementation)("OpenSSL") if libressl.implementation else None,
        version="3.3.*",
    )
    obtained = obtain(target, lambda *_: None)
    assert obtained.origin == f"image {foreign} with openssl"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", obtained.digest or "")
    assert engine.find(foreign) is None, "only our own image stays"
    with open_bench(obtained) as bench:
        assert prove(bench, target).version_line == "OpenSSL 3.3.2 3 Sep 2024"
    assert obtained.image_id is not None
    listed = engine.client.containers.run(
        obtained.image_id, ["sh", "-c", "id; ls -ld /w /tmp; cat /etc/passwd"], user="12345", remove=True
    ).decode()
    assert "uid=12345(opensslrun)" in listed
    assert listed.count("drwxrwxrwt") == 2
    assert "root:x:0:0::/root:/bin/sh\n" in listed


@pytest.mark.usefixtures("own_cache")
def test_a_package_that_cannot_be_installed_names_the_log(foreign: str, libressl: Target) -> None:
    with pytest.raises(EnvironmentLacksError, match=r"failed with status 4; see .*\.log") as caught:
        obtain(by_image(libressl, ImageRoute(foreign, ("libressl",))), lambda *_: None)
    log = Path(str(caught.value).rpartition("see ")[2])
    assert "unknown package add --no-cache libressl" in log.read_text()
