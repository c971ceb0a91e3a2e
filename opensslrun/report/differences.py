"""Known differences on a terminal: what each side shows, and what to write instead."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from opensslrun.judge.schema import Severity
from opensslrun.report import model as m
from opensslrun.report.grid import SEVERITY_STYLES
from opensslrun.report.words import counted, names_in_words, shortened, value_in_words, visible

_FEW_STEPS = 4
"""Steps that show the same and are named; of more, the first few are."""
_FEW_FACTS = 6
"""Facts of an entry that are shown side by side; the result has them all."""
_FEW_TARGETS = 6
"""Targets that are named one by one even where they are all but a few."""
_MANY = 12
"""Known differences that are all shown side by side; of more, those of security alone, or it is a wall."""
_LINES = 3
"""Lines of the terminal that one value may take."""

View = m.DifferenceResult | m.PairDifferenceResult


def show_differences(result: m.Result, console: Console) -> None:
    """Worst first. Of many only the worst are shown side by side, the others by their titles."""
    known = sorted(result.known_differences, key=lambda entry: (Severity(entry.severity).rank, entry.id))
    if not known:
        return
    console.print()
    console.print(Text("Known differences", style="bold"))
    whole = [entry for entry in known if len(known) <= _MANY or entry.severity == Severity.SECURITY]
    explained, commands = _explained({entry.id for entry in whole}, result), _commands(result)
    for entry in whole:
        console.print()
        console.print(_heading(entry))
        show_sides_of(explained.get(entry.id, {}), commands, console)
        console.print(Padding(Text.assemble(("Write instead: ", "bold"), entry.advice), (0, 0, 0, 2), expand=False))
    rest = [entry for entry in known if entry not in whole]
    if rest:
        console.print()
    for entry in rest:
        console.print(_heading(entry), soft_wrap=True)
    if rest:
        hint = "'opensslrun explain ID' shows one of these side by side, 'opensslrun report --html F' all of them."
        console.print(Text(hint, style="dim"))


def _heading(entry: m.KnownDifference) -> Text:
    severity = Severity(entry.severity)
    return Text.assemble(
        (entry.id, "bold"), "  ", (severity.value, SEVERITY_STYLES[severity]), "  ", (visible(entry.title), "bold")
    )


Place = tuple[str, str]
"""A case and one of its steps."""


def _commands(result: m.Result) -> Mapping[Place, str]:
    return {(each.case, step.id): step.run for each in _ran(result) for step in each.steps}


def show_sides_of(explained: Mapping[Place, Sequence[View]], commands: Mapping[Place, str], console: Console) -> None:
    """What each side shows: the steps, then each fact with its values and who shows them; steps alike stand once."""
    for indent, line in _sides(explained, commands, console.width):
        console.print(Padding(line, (0, 0, 0, indent), expand=False))


def _sides(
    explained: Mapping[Place, Sequence[View]], commands: Mapping[Place, str], width: int
) -> Iterator[tuple[int, Text]]:
    alike: dict[tuple[str, ...], list[str]] = {}
    blocks: dict[tuple[str, ...], Sequence[View]] = {}
    for (case, step), views in explained.items():
        key = tuple(view.model_dump_json(exclude={"case", "step"}) for view in views)
        alike.setdefault(key, []).append(f"{visible(case)}: {visible(commands.get((case, step), ''))}")
        blocks.setdefault(key, views)
    left = _FEW_FACTS
    more = 0
    for key, steps in alike.items():
        views = blocks[key][:left]
        left -= len(views)
        more += (len(blocks[key]) - len(views)) * len(steps)
        if not views:
            continue
        for step in steps[:_FEW_STEPS]:
            yield 2, Text(shortened(step, width - 2), style="dim")
        if len(steps) > _FEW_STEPS:
            yield 2, Text(f"and {counted(len(steps) - _FEW_STEPS, 'step')} more that show the same", style="dim")
        for view in views:
            yield 4, Text(visible(view.fact))
            for who, value in _groups(view, _LINES * (width - 6)):
                yield 6, Text.assemble((f"{who}: ", "dim"), value)
    if more:
        yield 4, Text(f"and {counted(more, 'fact')} more, which the result has", style="dim")


def _groups(view: View, room: int) -> Iterator[tuple[str, str]]:
    """Who shows what, the largest group first where it is most of all. Values are cut only if they still differ."""
    values = [value_in_words(group.value) for group in view.groups]
    cut = [shortened(value, room) for value in values]
    if isinstance(view, m.PairDifferenceResult):
        for group, whole, value in zip(view.groups, values, cut, strict=True):
            who = f"{names_in_words(group.read_by)} with the files of {names_in_words(group.made_by)}"
            yield who, value if len(set(cut)) == len(set(values)) else whole
        return
    groups = [
        (len(group.targets), names_in_words(group.targets), value)
        for group, value in zip(view.groups, cut if len(set(cut)) == len(cut) else values, strict=True)
    ]
    largest = max(groups, key=lambda group: group[0])
    if largest[0] > _FEW_TARGETS and 2 * largest[0] > sum(size for size, _, _ in groups):
        groups.remove(largest)
        yield f"the {largest[0]} others", largest[2]
    yield from ((names, value) for _, names, value in groups)


def _explained(entries: Collection[str], result: m.Result) -> Mapping[str, Mapping[Place, Sequence[View]]]:
    """The differing facts that rest on each of these entries, by case and step."""
    known: dict[tuple[str, str, str], set[str]] = {}
    for each in _ran(result):
        for step in each.steps:
            for finding in step.findings:
                if finding.by in entries:
                    known.setdefault((each.case, step.id, finding.fact), set()).add(finding.by)
    found: dict[str, dict[Place, list[View]]] = {}
    for view in (*result.differences, *map(_by_consumer, result.pair_differences)):
        for entry in known.get((view.case, view.step, view.fact), ()):
            found.setdefault(entry, {}).setdefault((view.case, view.step), []).append(view)
    return found


def _ran(result: m.Result) -> Iterator[m.CellResult | m.PairResult]:
    yield from result.cells
    yield from result.pairs


def _by_consumer(view: m.PairDifferenceResult) -> View:
    """A difference between consumers alone, whoever made the files, is as one between cells."""
    if len({tuple(group.made_by) for group in view.groups}) > 1:
        return view
    groups = [m.Group(value=group.value, targets=group.read_by) for group in view.groups]
    return m.DifferenceResult(case=view.case, step=view.step, fact=view.fact, groups=groups, known=view.known)
