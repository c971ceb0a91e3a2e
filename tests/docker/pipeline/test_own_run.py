"""What ``tox -e matrix`` wrote of this project's own run, told once more among the tests that failed."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

WRITTEN = Path(__file__).resolve().parents[3] / ".tox"
MOST = 20


def not_as_predicted(junit: Path) -> list[str]:
    """Of each cell and check that failed: where, and the beginning of why."""
    return [
        f"{case.get('classname')} {case.get('name')}: {_beginning(found.get('message') or found.text or '')}"
        for case in ET.parse(junit).iter("testcase")  # noqa: S314 -- written by ourselves
        for found in (*case.findall("failure"), *case.findall("error"))
    ]


def _beginning(text: str) -> str:
    return " ".join(text.split())[:300]


def test_the_run_of_this_project_went_as_predicted() -> None:
    junit = WRITTEN / "junit.xml"
    if not junit.exists():
        pytest.skip(f"there is no {junit}: 'tox -e matrix' did not run here before these tests")
    found = not_as_predicted(junit)
    assert (WRITTEN / "report.html").stat().st_mtime >= junit.stat().st_mtime - 60, "written with it"
    assert found[:MOST] == [], f"{len(found)} in {junit}; if it is an old one, run 'tox -e matrix' again"


def test_a_cell_that_failed_is_told(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text(
        '<testsuites><testsuite name="host"><testcase classname="host" name="root-ca" />'
        '<testcase classname="host" name="verify-expired"><failure message="exit_status&#10; is 0" /></testcase>'
        "</testsuite></testsuites>"
    )
    assert not_as_predicted(junit) == ["host verify-expired: exit_status is 0"]
