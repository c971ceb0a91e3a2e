"""What ``openssl verify`` claimed of each file, the errors it told, and what its answer truly is."""

from __future__ import annotations

from collections.abc import Sequence

from opensslrun.driver.outcome import Ending, Outcome
from opensslrun.facts.attempt import Values
from opensslrun.facts.messages import VERIFY_ERROR_LINE
from opensslrun.facts.wording import decoded


def verification_values(verified: Sequence[str], outcome: Outcome) -> Values:
    """``verify.errors``, and for each file ``verify.claim`` and ``verify.answer``; nothing when none was verified.

    The claim is ``ok`` when the file was said to be OK and the status agrees, ``refused`` when neither was, and
    ``unclear`` when status and words disagree. The answer is ``ok`` only without any error line: before 3.3 LibreSSL
    tells of an error, says OK below it, and exits 0.
    """
    if not verified:
        return {}
    lines = [*decoded(outcome.stdout).splitlines(), *decoded(outcome.stderr).splitlines()]
    errors = sorted({f"{match[1]} at {match[2]}" for line in lines if (match := VERIFY_ERROR_LINE.match(line))})
    said = {file: _said_ok(file, verified, decoded(outcome.stdout).splitlines()) for file in verified}
    drawn: Values = {"verify.errors": list(errors)}
    succeeded = outcome.ending is Ending.EXITED and outcome.status == 0
    for file in verified:
        agrees = succeeded or (outcome.ending is Ending.EXITED and not all(said.values()))
        claim = ("ok" if agrees else "unclear") if said[file] else ("unclear" if succeeded else "refused")
        exact = f"{file}: OK" in decoded(outcome.stdout).splitlines()
        drawn[f"verify.claim@{file}"] = claim
        drawn[f"verify.answer@{file}"] = "ok" if claim == "ok" and exact and not (errors and succeeded) else "refused"
    return drawn


def _said_ok(file: str, verified: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether a line is ``FILE: OK``, or the lines that begin with ``FILE: subject`` end in a line ``OK``."""
    inside = False
    for line in lines:
        if line == f"{file}: OK":
            return True
        about = [name for name in verified if line.startswith(f"{name}: ")]
        if about:
            inside = max(about, key=len) == file
        elif line == "OK" and inside:
            return True
    return False
