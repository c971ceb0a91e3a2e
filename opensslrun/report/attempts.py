"""The answers of many targets to one command, on a terminal: equal ones once, what differs marked inside the line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from opensslrun.facts.model import FactValue
from opensslrun.pipeline.attempt import Answer, Tried
from opensslrun.report.words import counted, names_in_words, value_in_words, visible

MARK = "bold black on yellow"
"""Of a part of a line that the answer of most targets has otherwise. Without colour it stands between [+ and +]."""

_LINES = 60
"""Lines of one stream that are shown."""

_FEW = 3
"""Lines in a row that are alike and are shown all the same."""

_ALIKE = 0.5
"""How much two lines must have in common to be shown as one that differs."""

_TOLD = ("ending", "exit_status", "prompts", "stdout", "stderr", "stdout.classes", "stderr.classes", "unanswered")
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


def show_tried(tried: Tried, console: Console) -> None:
    """Each answer with who gave it, that of most first; the others against that one."""
    first = tried.answers[0] if tried.answers else None
    for answer in tried.answers:
        heading = Text(names_in_words(answer.targets), style="bold")
        if len(tried.answers) > 1:
            heading.append(f"  ({counted(len(answer.targets), 'target')})", style="dim")
        console.print(heading)
        for line in _lines(answer, first if answer is not first else None, plain=not console.is_terminal):
            console.print(Padding(line, (0, 0, 0, 2), expand=False))
        console.print()
    for name, reason in tried.failed.items():
        console.print(Text.assemble((f"{name}: ", "bold red"), visible(reason)))
    console.print(Text(_answer(tried), style="bold green" if len(tried.answers) == 1 and not tried.failed else "bold"))


def _answer(tried: Tried) -> str:
    ran = sum(len(answer.targets) for answer in tried.answers)
    alike = "the same answer" if len(tried.answers) == 1 else f"{len(tried.answers)} different answers"
    said = f"{alike} from {counted(ran, 'target')}" if ran else "no answer"
    if tried.failed:
        said += f"; {len(tried.failed)} gave none"
    if tried.absent:
        said += f"; {len(tried.absent)} not there ('opensslrun targets list' says how they could be had)"
    return said


def _lines(answer: Answer, other: Answer | None, *, plain: bool) -> Iterator[Text]:
    seen = answer.seen
    ended = f"exit status {seen.status}" if seen.ending == "exited" else f"{seen.ending} {seen.status}"
    if seen.ending == "hung":
        ended = f"hung{f' at {visible(seen.unanswered)!r}' if seen.unanswered else ''}"
    theirs = other.seen if other else None
    differs = theirs is not None and (seen.ending, seen.status) != (theirs.ending, theirs.status)
    yield Text(ended, style="dim" if not differs else MARK)
    for prompt in seen.prompts:
        marked = theirs is not None and prompt not in theirs.prompts
        yield Text.assemble(("asks: ", "dim"), (visible(prompt), MARK if marked and not plain else ""))
    for name, text, said in (
        ("stdout", seen.stdout, theirs.stdout if theirs else None),
        ("stderr", seen.stderr, theirs.stderr if theirs else None),
    ):
        yield from _stream(name, text, said, plain=plain)
    yield from _facts(answer, other)


def _stream(name: str, text: str, other: str | None, *, plain: bool) -> Iterator[Text]:
    lines = text.splitlines()
    against = other.splitlines() if other is not None else None
    if not lines:
        if against:
            yield Text(f"{name}: nothing", style="dim")
        return
    yield Text(f"{name}:", style="dim")
    shown = list(_marked(lines, against, plain=plain))
    yield from (Text("  ").append_text(line) for line in shown[:_LINES])
    if len(shown) > _LINES:
        yield Text(f"  and {counted(len(shown) - _LINES, 'line')} more", style="dim")


def _marked(lines: Sequence[str], against: Sequence[str] | None, *, plain: bool) -> Iterator[Text]:
    """Lines as they are; against another answer, those that differ with what does marked, and of the others how many.

    What the other has and this one has not is told too.
    """
    if against is None:
        yield from (Text(visible(line)) for line in lines)
        return
    for kind, start, stop, begin, end in difflib.SequenceMatcher(None, against, lines, autojunk=False).get_opcodes():
        if kind == "equal" and end - begin > _FEW:
            yield Text(f"… {counted(end - begin, 'line')} alike", style="dim")
            continue
        if kind == "equal":
            yield from (Text(visible(line)) for line in lines[begin:end])
            continue
        for line in lines[begin:end]:
            near = difflib.get_close_matches(line, against[start:stop], n=1, cutoff=_ALIKE)
            yield _inside(line, near[0] if near else "", plain=plain)
        if kind == "delete":
            yield Text(f"(without {counted(stop - start, 'line')}: {visible(against[start])})", style="dim")


def _inside(line: str, other: str, *, plain: bool) -> Text:
    mine, theirs = _WORD.findall(line), _WORD.findall(other)
    text = Text()
    for kind, _, _, begin, end in difflib.SequenceMatcher(None, theirs, mine, autojunk=False).get_opcodes():
        part = visible("".join(mine[begin:end]))
        if kind == "equal":
            text.append(part)
        elif part:
            text.append(f"[+{part}+]" if plain else part, style="" if plain else MARK)
    return text


def _facts(answer: Answer, other: Answer | None) -> Iterator[Text]:
    """Of the first answer which files came out; of the others every fact that differs and is not shown above."""
    values = {fact.name: fact.value for fact in answer.facts.values()}
    if other is None:
        created = values.get("files.created")
        if isinstance(created, list) and created:
            yield Text.assemble(("creates: ", "dim"), value_in_words(created))
        return
    theirs = {fact.name: fact.value for fact in other.facts.values()}
    for name in sorted({*values, *theirs}):
        if name.partition("@")[0] not in _TOLD and values.get(name) != theirs.get(name):
            yield Text.assemble(
                (f"{visible(name)}: ", "dim"), _value(values, name), (f", not {_value(theirs, name)}", "dim")
            )


def _value(values: dict[str, FactValue], name: str) -> str:
    return value_in_words(values[name]) if name in values else "(not there)"


def tried_as_data(tried: Tried) -> dict[str, object]:
    """For ``--format json``."""
    return {
        "answers": [
            {
                "targets": list(answer.targets),
                "observation": answer.seen.model_dump(mode="json"),
                "facts": {fact.name: fact.value for fact in answer.facts.values()},
            }
            for answer in tried.answers
        ],
        "failed": dict(tried.failed),
        "absent": list(tried.absent),
    }
