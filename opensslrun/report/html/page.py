"""The whole page from a result. Every value passes ``_printed``, so that a browser obeys nothing that a run said."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from opensslrun.report import model as m
from opensslrun.report.html.answer import answer_of
from opensslrun.report.html.cases import cases_of
from opensslrun.report.html.columns import Column, by_family, columns_of, slug, who
from opensslrun.report.html.differences import by_severity, entries_of
from opensslrun.report.html.grid import grid_of
from opensslrun.report.html.pairs import found_of, pair_sets, pairs_of
from opensslrun.report.html.shared import Letters, Sets
from opensslrun.report.html.steps import Book
from opensslrun.report.html.streams import lines
from opensslrun.report.html.versions import versions_of
from opensslrun.report.marks import severities_of
from opensslrun.report.words import counted, visible


def html_of(result: m.Result) -> str:
    """One self-contained document: no network, nothing but what the result has."""
    columns = columns_of(result)
    entries = entries_of(result, columns)
    versions = versions_of(entries, columns, result)
    severities = severities_of(result)
    sets = Sets(lambda numbers: who(numbers, columns), Letters())
    cases = list(cases_of(result, columns, Book(result.observations, severities, sets)))
    of_pairs = pair_sets()
    pairs = pairs_of(result, columns, Book(result.observations, severities, of_pairs))
    style = _resource("style.css") + "\n".join(
        [*_grid_rules(columns), *sets.rules(), *of_pairs.rules(), versions.rules]
    )
    pairs_found, more_pairs_found = found_of(result)
    script = _resource("script.js")
    page = _environment().get_template("page.html.j2")
    return page.render(
        answer=answer_of(result),
        cases=cases,
        columns=columns,
        differences=list(by_severity(entries)),
        entries=entries,
        families=by_family(columns),
        grid=grid_of(result, columns),
        pairs=pairs,
        pairs_found=pairs_found,
        more_pairs_found=more_pairs_found,
        policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'",
        result=result,
        script=Markup(script),  # noqa: S704  (the package's own file)
        style=Markup(style),  # noqa: S704  (the package's own file, and rules made of numbers alone)
        titles={entry.id: entry for entry in result.known_differences},
        versions=versions,
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("opensslrun.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"slug": slug, "lines": lines, "counted": counted}
    return environment


def _printed(value: object) -> object:
    """Control and bidirectional characters of whatever the page prints are spelled out."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _resource(name: str) -> str:
    return (files("opensslrun.report.html") / "templates" / name).read_text(encoding="utf-8")


def _grid_rules(columns: Sequence[Column]) -> Iterator[str]:
    """How much room the columns take, and a line between families."""
    yield f".grid{{--columns:{len(columns)}}}"
    first = [members[0].number for _, members in by_family(columns)]
    if first:
        places = ",".join(f":nth-child({number + 2})" for number in first)
        rows = ".grid tr:not(.head,.families)"
        yield f"{rows}>td:is({places}),{rows}>th:is({places}){{border-left:1px solid var(--line)}}"


def _hash(text: str) -> str:
    """For the page's policy: only the style and the script that it was made with are in force."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
