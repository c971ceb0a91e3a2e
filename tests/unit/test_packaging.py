"""What a user installs holds its own data and finds it: the wheel, and the editable install these tests run in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from opensslrun.data import shipped

ROOT = Path(__file__).parents[2]
DATA = ("targets.toml", "differences.toml", "cases", "fixtures")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the project's own back end, into a folder of the test."""
    folder = tmp_path_factory.mktemp("wheel")
    build = f"import hatchling.build as b; print(b.build_wheel({str(folder)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content where a Python that does not know the checkout finds it."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)  # noqa: S202  (our own wheel)
    return folder


def opensslrun(installed: Path, *args: str) -> subprocess.CompletedProcess[str]:
    # -S: the editable install must not help; the dependencies come from where ours are.
    paths = [str(installed), *(path for path in sys.path if path.endswith("site-packages"))]
    start = f"import sys; sys.path[1:1] = {paths!r}; import opensslrun; "
    start += f"assert opensslrun.__file__.startswith({str(installed)!r}); from opensslrun.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-S", "-c", start, *args],
        cwd=installed.parent,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def files_under(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_wheel_holds_every_file_of_the_matrix_and_no_test(installed: Path) -> None:
    assert files_under(installed / "opensslrun" / "_matrix") == files_under(ROOT / "matrix")
    assert not (installed / "tests").exists()
    assert (installed / "opensslrun" / "py.typed").is_file()


def test_the_wheel_holds_every_module_and_script(installed: Path) -> None:
    inside = files_under(installed / "opensslrun")
    ours = {name for name in files_under(ROOT / "opensslrun") if "__pycache__" not in name}
    assert ours <= inside


def test_an_installed_wheel_finds_its_own_data_and_runs_a_case(installed: Path, tmp_path: Path) -> None:
    listed = opensslrun(installed, "matrix", "list", "--format", "json")
    assert listed.returncode == 0, listed.stderr
    assert {case["id"] for case in json.loads(listed.stdout)["cases"]} >= {"root-ca", "verify-expired"}
    explained = opensslrun(installed, "explain", "D003")
    assert "expired certificate" in explained.stdout
    out = tmp_path / "result.json"
    ran = opensslrun(installed, "matrix", "run", "-t", "host", "-c", "verify-expired", "--out", str(out))
    assert ran.returncode == 0, ran.stderr
    assert json.loads(out.read_text())["summary"]["comparisons"] > 0


def test_a_wheel_without_its_data_says_so(installed: Path) -> None:
    data = installed / "opensslrun" / "_matrix"
    data.rename(data.with_name("gone"))
    try:
        done = opensslrun(installed, "matrix", "list")
    finally:
        data.with_name("gone").rename(data)
    assert done.returncode == 70
    assert "install opensslrun again" in done.stderr


@pytest.mark.parametrize("name", DATA)
def test_this_install_finds_the_data(name: str) -> None:
    assert shipped(name).exists()


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``python -m build`` makes, with the build requirements that are installed already."""
    folder = tmp_path_factory.mktemp("dist")
    argv = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_both_distributions_are_fit_for_an_index(distributions: Path) -> None:
    files = sorted(str(path) for path in distributions.iterdir())
    assert [name.rpartition(".")[2] for name in files] == ["whl", "gz"]
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wheel_of_the_source_distribution_is_that_of_the_checkout(distributions: Path, tmp_path: Path) -> None:
    (source,) = distributions.glob("*.tar.gz")
    with tarfile.open(source) as tar:
        tar.extractall(tmp_path, filter="data")
    (top,) = tmp_path.iterdir()
    argv = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path / "out"), str(top)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    names = []
    for folder in (distributions, tmp_path / "out"):
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names.append(sorted(archive.namelist()))
    assert names[0] == names[1]


def test_the_version_stands_in_one_place(distributions: Path) -> None:
    import opensslrun as package

    (wheel,) = distributions.glob("*.whl")
    assert wheel.name.startswith(f"opensslrun-{package.__version__}-")
    assert f"## {package.__version__}" in (ROOT / "CHANGELOG.md").read_text()
