"""From what a step really did to its facts."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace

from opensslrun.bench.base import Observation, SeenFile
from opensslrun.driver.outcome import Ending, Outcome
from opensslrun.facts import commandline
from opensslrun.facts.files import file_values, line_endings, surroundings
from opensslrun.facts.model import Fact, Facts, Values
from opensslrun.facts.pem import is_der
from opensslrun.facts.streams import Context, classes_of
from opensslrun.facts.verification import verification_values
from opensslrun.facts.wording import anonymous, shortened, stable

WORDING = ("stdout", "stderr")
"""Facts that gate only where a step names them."""


def extract(
    command_line: str,
    gates: frozenset[str],
    before: Mapping[str, SeenFile],
    seen: Observation,
    secrets: Sequence[str],
) -> Facts:
    """All facts of one step, by name. Never raises for what the step did, whatever it left behind.

    ``gates`` names wording that gates here, ``before`` is the workspace before the step, ``secrets`` are pass phrases
    with which an encrypted key may open. The names and meanings of facts are those of ``docs/facts.md``.
    """
    asked = commandline.parse(command_line)
    context = Context(
        prompts=seen.outcome.prompts,
        verified=asked.verified,
        pass_phrase_used=bool(seen.outcome.prompts) or asked.gives_pass_phrase,
    )
    drawn: Values = {
        **_ending(seen.outcome),
        "prompts": [stable(prompt) for prompt in seen.outcome.prompts],
        "stdout.classes": list(classes_of(seen.outcome.stdout, context)),
        **_line_endings(seen.outcome.stdout),
        "stderr.classes": list(classes_of(seen.outcome.stderr, context)),
        **verification_values(asked.verified, seen.outcome),
        **_files(before, seen.files, secrets),
    }
    if seen.more:  # then a file that is not named need not be gone
        del drawn["files.removed"]
        drawn["files.more"] = seen.more
    facts = {name: Fact(name, value, gates=True) for name, value in drawn.items()}
    for name, stream in zip(WORDING, (seen.outcome.stdout, seen.outcome.stderr), strict=True):
        facts[name] = Fact(name, _wording(stream, gating=name in gates), gates=name in gates)
    return facts


def _ending(outcome: Outcome) -> Values:
    """How it ended; the exit status only where there is one."""
    match outcome.ending:
        case Ending.EXITED:
            return {"ending": "exited", "exit_status": outcome.status}
        case Ending.SIGNALLED:
            return {"ending": f"signal {_signal_name(outcome.status)}"}
        case Ending.HUNG:
            return {"ending": "hung", "unanswered": stable(outcome.unanswered)}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _line_endings(stdout: bytes) -> Values:
    """How the lines of standard output end, if it has any; the wording itself is compared without regard to that."""
    is_text = b"\n" in stdout and b"\0" not in stdout and not is_der(stdout)
    return {"stdout.line_endings": line_endings(stdout)} if is_text else {}


def _wording(stream: bytes, *, gating: bool) -> str:
    """Where wording gates, its author answers for its being the same in every run; elsewhere chance is taken out."""
    return shortened(stream, stable if gating else anonymous)


def _differ(before: SeenFile, after: SeenFile) -> bool:
    return before != (after if after.mode is not None else replace(after, mode=before.mode))


def _files(before: Mapping[str, SeenFile], after: Mapping[str, SeenFile], secrets: Sequence[str]) -> Values:
    created = sorted(after.keys() - before.keys())
    changed = sorted(name for name in after.keys() & before.keys() if _differ(before[name], after[name]))
    touched = [*created, *changed]
    drawn: Values = {
        "files.created": list(created),
        "files.changed": list(changed),
        "files.removed": [name for name in sorted(before) if name not in after],
        "files.empty": [name for name in sorted(touched) if after[name].kind == "file" and after[name].size == 0],
    }
    if touched:
        around = surroundings(after, secrets)
        for name in touched:
            drawn |= {f"{fact}@{name}": value for fact, value in file_values(after[name], around, secrets).items()}
            same = [
                other for other, key in sorted(around.keys.items()) if other != name and key == around.keys.get(name)
            ]
            drawn |= {f"key.same_as@{name}": list(same)} if same else {}
    return drawn
