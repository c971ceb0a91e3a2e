"""The page as text: what is in it, once, and never obeyed. How it behaves is tested in a real browser."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest

import handwritten
from opensslrun.report.html.page import html_of
from opensslrun.report.model import Result

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)></style></pre>&lt;\u202e\x1b[31m\x00{{ 7*7 }}"


def document(**changes: Any) -> dict[str, Any]:
    finding = {"fact": "verify.claim@leaf.crt", "verdict": "known", "value": "ok", "predicted": "ok", "by": "D003"}
    base: dict[str, Any] = {
        "summary": {"cells": 3, "facts": 3, "comparisons": 3, "pass": 2, "known": 1},
        "targets": [
            target("host", "OpenSSL", "3.0.19"),
            target("openssl-3.5.5", "OpenSSL", "3.5.5"),
            target("libressl-3.0.2", "LibreSSL", "3.0.2"),
        ],
        "readers": [
            reader("Debian 12", "host", verdict="pass"),
            reader("macOS", "libressl-2.8.3", quality="stand-in", by="libressl-3.0.2", lacks="Apple's own changes"),
        ],
        "cases": [{"id": "verify-expired", "title": "An expired certificate is refused"}],
        "cells": [
            cell("host", "pass", step("a", {"verify.claim@leaf.crt": "refused"})),
            cell("openssl-3.5.5", "pass", step("a", {"verify.claim@leaf.crt": "refused"})),
            cell("libressl-3.0.2", "known", step("b", {"verify.claim@leaf.crt": "ok"}, finding)),
        ],
        "observations": {"a": observation(2, "error 10 at 0 depth lookup"), "b": observation(0, "leaf.crt: OK")},
        "differences": [
            {
                "case": "verify-expired",
                "step": "1",
                "fact": "verify.claim@leaf.crt",
                "groups": [
                    {"value": "refused", "targets": ["host", "openssl-3.5.5"]},
                    {"value": "ok", "targets": ["libressl-3.0.2"]},
                ],
                "known": "D003",
            }
        ],
        "catalogue": {"proven": ["D003"], "unproven": [], "stale": []},
        "known_differences": [
            {
                "id": "D003",
                "title": "verify says OK although it found an error",
                "severity": "security",
                "why": "the status is that of the last",
                "advice": "read the lines that begin with error",
                "since": "LibreSSL 3.3",
                "link": "https://example.org/why",
            }
        ],
    }
    return handwritten.result(**base | changes)


def target(name: str, implementation: str, version: str) -> dict[str, Any]:
    return handwritten.target(
        name,
        implementation,
        version,
        version_line=f"{implementation} {version}",
        fingerprint={"binary_sha256": "1", "libraries": {"libssl": "2"}, "config_sha256": None},
        need="required",
        origin="made",
    )


def reader(name: str, target: str, **more: Any) -> dict[str, Any]:
    base = {"target": target, "name": name, "guide_row": None, "quality": "measured", "by": target, "verdict": "known"}
    return base | more


def observation(status: int, stdout: str) -> dict[str, Any]:
    base = {"ending": "exited", "status": status, "prompts": ["Password:"], "unanswered": "", "stderr": "", "files": []}
    return base | {"stdout": stdout}


def step(key: str, facts: dict[str, Any], *findings: dict[str, Any]) -> dict[str, Any]:
    return handwritten.step("openssl verify leaf.crt", *findings, observation=key, facts=facts)


def cell(name: str, verdict: str, *steps: dict[str, Any], reason: str = "") -> dict[str, Any]:
    return handwritten.cell(name, "verify-expired", verdict, *steps, reason=reason)


def page(**changes: Any) -> str:
    return html_of(Result.model_validate(document(**changes)))


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text outside of style and script."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] not in {"style", "script"}:
            self.text += data + " "


def hostile(value: Any, keep: frozenset[str], key: str = "") -> Any:
    """The document with every string replaced that is no name the model must know."""
    if isinstance(value, dict):
        return {name: hostile(each, keep, name) for name, each in value.items()}
    if isinstance(value, list):
        return [hostile(each, keep, key) for each in value]
    return HOSTILE if isinstance(value, str) and key not in keep else value


KNOWN_TO_THE_MODEL = frozenset({"verdict", "severity", "outcome", "quality", "ending"})


def test_whatever_a_result_says_stays_text() -> None:
    data = hostile(document(), KNOWN_TO_THE_MODEL)
    data["observations"] = {HOSTILE: document()["observations"]["a"] | {"stdout": HOSTILE, "prompts": [HOSTILE]}}
    text = html_of(Result.model_validate(data))
    found = Elements(text)
    tags = Counter(tag for tag, _ in found.elements)
    assert (tags["script"], tags["style"], tags["img"]) == (1, 1, 0)
    assert not [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
    assert not {"\u202e", "\x1b", "\x00"} & set(text)
    assert "\\u202e\\x1b[31m\\x00{{ 7*7 }}" in found.text
    assert "<script>alert(1)</script>" in found.text


def test_a_hostile_name_cannot_leave_its_string_in_the_style() -> None:
    data = document(targets=[target(f'a"}}</style>{{{number}', "OpenSSL", "3.0.1") for number in range(3)])
    names = [each["id"] for each in data["targets"]]
    data["cells"] = [cell(name, "pass", step("ab"[number // 2], {})) for number, name in enumerate(names)]
    text = html_of(Result.model_validate(data))
    style = text[text.index("<style>") : text.index("</style>")]
    assert '"a\\22 \\7d \\3c \\2f style\\3e \\7b 0' in style
    assert text.count("</style>") == 1


def test_a_link_of_another_kind_is_no_link() -> None:
    known = document()["known_differences"][0] | {"link": "javascript:alert(1)"}
    assert not [href for href in _links(page(known_differences=[known])) if not href.startswith("#")]
    assert "https://example.org/why" in _links(page())


def _links(text: str) -> list[str]:
    return [href for tag, attributes in Elements(text).elements if tag == "a" and (href := attributes.get("href"))]


def test_every_fragment_that_is_linked_is_there_once() -> None:
    found = Elements(page())
    ids = Counter(attributes["id"] for _, attributes in found.elements if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    links = {link.removeprefix("#") for link in _links(page()) if link.startswith("#")} - {""}
    assert links - set(ids) == set()
    assert {"verify-expired@host", "case-verify-expired", "D003", "t-host", "versions"} <= set(ids)


def test_equal_observations_stand_once() -> None:
    text = page()
    assert text.count("error 10 at 0 depth lookup") == 1
    assert text.count("leaf.crt: OK") == 1


def test_only_its_own_style_and_script_are_in_force() -> None:
    text = page()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    for tag in ("style", "script"):
        body = text[text.index(f"<{tag}>") + len(tag) + 2 : text.index(f"</{tag}>")]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;;")
    assert not re.findall(r'(?:src|style)=["\w]', text.replace("-src", ""))


def test_the_answer_names_the_stand_in_and_what_it_does_not_show() -> None:
    text = " ".join(Elements(page()).text.split())
    assert "Works for 2 of your 2 kinds of reader" in text
    assert "macOS yes, with differences none stand-in libressl-3.0.2 does not show Apple's own changes" in text


def test_of_a_reader_whose_target_did_not_run_no_difference_is_known_rather_than_none() -> None:
    rows = [reader("Fedora", "fedora", quality="not-run", by=None, verdict=None, reason="no image")]
    text = " ".join(Elements(page(readers=rows)).text.split())
    assert "Fedora not run not known not run" in text


@pytest.mark.parametrize(
    ("verdict", "headline"), [("new", "Works for 1 of your 2 kinds of reader"), (None, "Works for 1 of your 2")]
)
def test_the_answer_counts_whom_it_works_for(verdict: str | None, headline: str) -> None:
    rows = [reader("a", "host", verdict="pass"), reader("b", "host", verdict=verdict)]
    text = page(readers=rows)
    assert headline in text
    assert '<h1 id="headline" class="good">' not in text


def test_a_known_difference_of_security_stays_red() -> None:
    rows = [reader("a", "libressl-3.0.2", differences={"security": 1})]
    text = page(readers=rows)
    assert "<a class=security href=#verify-expired@libressl-3.0.2 aria-label=security>S</a>" in text
    assert '<b class="badge security">yes, but: security</b>' in text
    assert '<h1 id="headline" class="good">' not in text


def test_what_no_entry_explains_comes_first() -> None:
    finding = {"fact": "exit_status", "verdict": "new", "value": 0, "predicted": {"absent": True}, "by": ""}
    view = {
        "case": "verify-expired",
        "step": "1",
        "fact": "exit_status",
        "known": None,
        "groups": [{"value": 2, "targets": ["host"]}, {"value": 0, "targets": ["openssl-3.5.5"]}],
    }
    cells = [cell("host", "pass", step("a", {})), cell("openssl-3.5.5", "new", step("b", {"exit_status": 0}, finding))]
    text = page(cells=cells, differences=[view])
    assert text.index("What nothing predicts") < text.index("verify says OK although it found an error")


def test_a_result_with_nothing_in_it_is_a_page_too() -> None:
    empty = document(targets=[], readers=[], cases=[], cells=[], differences=[], known_differences=[])
    assert "<h1" in html_of(Result.model_validate(empty))


def pair(producer: str, consumer: str, key: str, value: str) -> dict[str, Any]:
    known = {"fact": "verify.claim@leaf.crt", "verdict": "known", "value": value, "predicted": value, "by": "D003"}
    findings = [] if value == "refused" else [known]
    return {
        "case": "verify-expired",
        "producer": producer,
        "consumer": consumer,
        "verdict": "known" if findings else "pass",
        "reason": "",
        "steps": [step(key, {"verify.claim@leaf.crt": value}, *findings)],
    }


def with_pairs() -> str:
    """What host made is refused everywhere; what libressl-3.0.2 made, it accepts itself."""
    names = ("host", "libressl-3.0.2")
    pairs = [
        pair(producer, consumer, "b" if producer == consumer == "libressl-3.0.2" else "a", "ok")
        if producer == consumer == "libressl-3.0.2"
        else pair(producer, consumer, "a", "refused")
        for producer in names
        for consumer in names
    ]
    view = {"case": "verify-expired", "step": "1", "fact": "verify.claim@leaf.crt", "known": "D003"}
    groups = [
        {"value": "refused", "made_by": ["host"], "read_by": list(names)},
        {"value": "ok", "made_by": ["libressl-3.0.2"], "read_by": ["libressl-3.0.2"]},
    ]
    return page(pairs=pairs, pair_differences=[view | {"groups": groups}])


def test_pairs_that_show_the_same_stand_once_with_their_producers_and_consumers() -> None:
    text = with_pairs()
    assert text.count('id="verify-expired+') == 2
    assert text.count("href=#verify-expired+1 aria-label=pass") == 3
    assert text.count("href=#verify-expired+2 aria-label=security") == 1
    assert text.count('href="#verify-expired+2"') == 1
    words = " ".join(Elements(text).text.split())
    assert "made by libressl-3.0.2, host, read by host; made by host, read by libressl-3.0.2" in words
    assert "2. made by libressl-3.0.2, read by libressl-3.0.2" in words


def test_a_difference_of_pairs_says_who_made_and_who_read() -> None:
    words = " ".join(Elements(with_pairs()).text.split())
    assert "Fact Value Read by Made by" in words
    assert "verify.claim verify-expired ok libressl-3.0.2 libressl-3.0.2" in words


def test_the_foot_says_when_a_run_was_judged_of_which_nothing_has_changed() -> None:
    result = Result.model_validate(document())
    before = result.run.model_copy(update={"judged": "2026-01-02T03:04:05+00:00"})
    said = "3 facts compared on 2026-01-02T03:04:05+00:00, and nothing has changed since."
    assert said in " ".join(html_of(result.model_copy(update={"run": before})).split())
    foot = " ".join(html_of(result).split())
    assert "3 facts compared." in foot
    assert "nothing has changed since" not in foot
