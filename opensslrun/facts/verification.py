"""What ``openssl verify`` claimed of each file, the errors it told, and what its answer truly is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opensslrun.driver.outcome import Ending, Outcome
from opensslrun.facts.messages import VERIFY_ERROR_LINE
from opensslrun.facts.model import Values
from opensslrun.facts.wording import lines_of


def verification_values(verified: Sequence[str], outcome: Outcome) -> Values:
    """``verify.errors``, and for each file ``verify.claim`` and ``verify.answer``; nothing when none was verified.

    The claim is ``ok`` when the file was said to be OK and the status agrees, ``refused`` when neither was, and
    ``unclear`` when status and words disagree. The answer is ``ok`` only without any error line: before 3.3 LibreSSL
    tells of an error, says OK below it, and exits 0.
    """
    if not verified:
        return {}
    said, blamed, unattributed = _read(verified, lines_of(outcome.stdout))
    unattributed |= _errors(lines_of(outcome.stderr))
    succeeded = outcome.ending is Ending.EXITED and outcome.status == 0
    told = {file: file in said for file in verified}
    drawn: Values = {"verify.errors": [*sorted(unattributed.union(*blamed.values()))]}
    for file in verified:
        agrees = succeeded or (outcome.ending is Ending.EXITED and not all(told.values()))
        claim = ("ok" if agrees else "unclear") if told[file] else ("unclear" if succeeded else "refused")
        faultless = file not in blamed and not (unattributed and succeeded)
        drawn[f"verify.claim@{file}"] = claim
        drawn[f"verify.answer@{file}"] = "ok" if claim == "ok" and said[file] and faultless else "refused"
    return drawn


def _errors(lines: Iterable[str]) -> set[str]:
    return {f"{match[1]} at {match[2]}" for line in lines if (match := VERIFY_ERROR_LINE.match(line))}


def _read(verified: Sequence[str], lines: Iterable[str]) -> tuple[dict[str, bool], dict[str, set[str]], set[str]]:
    """What stdout says: the files that are OK (true where a line is exactly ``FILE: OK``), the errors of each file
    whose lines begin with ``FILE: subject`` (LibreSSL), and the errors that belong to no such file.
    """
    said: dict[str, bool] = {}
    blamed: dict[str, set[str]] = {}
    unattributed: set[str] = set()
    inside: str | None = None
    for line in lines:
        about = max((name for name in verified if line.startswith(f"{name}: ")), key=len, default=None)
        if about is not None:
            inside = about
            if line == f"{about}: OK":
                said[about] = True
        elif line == "OK" and inside is not None:
            said.setdefault(inside, False)
        elif inside is not None and inside not in said:
            blamed.setdefault(inside, set()).update(_errors([line]))
        else:
            unattributed |= _errors([line])
    return said, {file: errors for file, errors in blamed.items() if errors}, unattributed
