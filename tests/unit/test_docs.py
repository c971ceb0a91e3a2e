"""The Python that the documentation shows, run as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from opensslrun.data import shipped

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [
    (f"{page.name}-{number}", block)
    for page in PAGES
    for number, block in enumerate(PYTHON.findall(page.read_text(encoding="utf-8")), 1)
]


def run(argv: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(("name", "block"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_python_of_the_documentation_runs(name: str, block: str, tmp_path: Path) -> None:
    if "device.crt" in block:
        ready = "from opensslrun.cases.load import load_case; from opensslrun.data import shipped; "
        ready += "from pathlib import Path; files = load_case(shipped('cases') / 'chain-good.toml').files; "
        ready += "Path('device.crt').write_bytes(files['root.crt']); Path('rootCA.crt').write_bytes(files['root.crt'])"
        assert run([sys.executable, "-c", ready], tmp_path).returncode == 0
    if "ca_dir" in block:
        (tmp_path / "pass").write_text("correct horse battery")
        (tmp_path / "pass").chmod(0o600)
        for folder in ("ca", "out"):
            (tmp_path / folder).mkdir()
        config = str(shipped("cases") / "files" / "root.conf")
        words = ["root-ca", "--config", config, "--out-dir", "ca", "--bits", "2048", "--pass-file", "pass"]
        assert run([sys.executable, "-m", "opensslrun", *words], tmp_path).returncode == 0
    (tmp_path / "test_page.py").write_text(block)
    if "openssl_target" in block:
        done = run([sys.executable, "-m", "pytest", "-q", "--openssl-targets", "host", "test_page.py"], tmp_path)
        assert "1 passed" in done.stdout, done.stdout + done.stderr
    else:
        done = run([sys.executable, "test_page.py"], tmp_path)
    assert done.returncode == 0, f"{name}: {done.stderr}"


def test_there_is_something_to_run() -> None:
    assert {name.partition("-")[0] for name, _ in BLOCKS} >= {"README.md", "python.md"}


def test_importing_the_package_imports_nothing_large() -> None:
    seen = run([sys.executable, "-c", "import opensslrun, sys; print(*sys.modules)"], ROOT).stdout.split()
    assert not {"pexpect", "docker", "pydantic", "cryptography", "rich", "opensslrun.driver"} & set(seen)
