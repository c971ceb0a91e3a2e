"""What a test is given: one target's ``openssl``, in a directory of the test's own."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from opensslrun.bench.base import Bench, Command, SeenFile, Workspace
from opensslrun.driver.outcome import Ending, Input, Outcome
from opensslrun.driver.version import Version
from opensslrun.errors import CommandHungError, TargetNotProvenError, UsageError
from opensslrun.facts.extract import extract
from opensslrun.facts.model import FactValue
from opensslrun.targets.model import Obtained, Proof, Target
from opensslrun.targets.obtain import open_bench
from opensslrun.targets.prove import prove


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did.

    ``status`` is its exit status (128 and the signal's number when a signal ended it), ``prompts`` the texts it asked,
    ``files`` the content of every regular file of the directory after it, ``facts`` what was parsed from all that, by
    the names of ``docs/facts.md`` (``certificate.ca@rootCA.crt``).
    """

    status: int
    stdout: str
    stderr: str
    prompts: tuple[str, ...]
    facts: Mapping[str, FactValue]
    files: Mapping[str, bytes] = field(repr=False)


class OpenSSLTarget:
    """One target for one test. Files that are written before the first command are there when it runs."""

    def __init__(self, target: Target, proof: Proof, bench: Bench) -> None:
        self._target = target
        self._proof = proof
        self._bench = bench
        self._given: dict[str, bytes] = {}
        self._workspace: Workspace | None = None
        self._before: Mapping[str, SeenFile] = {}
        self._open = contextlib.ExitStack()

    @property
    def id(self) -> str:
        """The target's id (``openssl-1.1.1g``)."""
        return self._target.id

    @property
    def version(self) -> Version:
        """The version it proved to be; one implementation's versions compare (``target.version < …``)."""
        return self._proof.version

    @property
    def implementation(self) -> str:
        """``OpenSSL`` or ``LibreSSL``."""
        return self._proof.version.implementation.value

    @property
    def platform(self) -> str:
        """``linux``, ``windows`` or ``darwin``."""
        return self._target.platform

    def write(self, name: str, content: str | bytes) -> None:
        """Put a file into the directory, before the first command. Raises UsageError afterwards."""
        if self._workspace is not None:
            raise UsageError(
                f"{name} cannot be written after the first command; write it before, or let a command do it"
            )
        self._given[name] = content.encode() if isinstance(content, str) else content

    def read(self, name: str) -> bytes:
        """A file of the directory as the last command left it. Raises UsageError for one that is not there."""
        if self._workspace is None and name in self._given:
            return self._given[name]
        seen = self._before.get(name)
        if seen is None or seen.content is None:
            raise UsageError(f"there is no file {name!r}; there are: {', '.join(sorted(self._before)) or 'none'}")
        return seen.content

    def run(
        self,
        line: str,
        *,
        answers: Sequence[str] = (),
        input: str = "terminal",  # noqa: A002 -- the word of case files
        timeout_s: float = 60.0,
    ) -> Ran:
        """Run a command line as a shell would, with ``openssl`` being the target's.

        ``answers`` are given to its prompts, in order; ``input`` is ``terminal``, ``lines`` or ``none`` as in a case.
        Raises CommandHungError when it does not end within ``timeout_s`` seconds or asks something no answer is left
        for, EngineError when the bench is gone.
        """
        if self._workspace is None:
            self._workspace = self._open.enter_context(self._bench.workspace(self._given))
            self._before = {name: SeenFile("file", 0o644, len(data), data) for name, data in self._given.items()}
        seen = self._workspace.run(Command(line, Input(input), tuple(answers), timeout_s))
        facts = extract(line, frozenset({"stdout", "stderr"}), self._before, seen, answers)
        self._before = dict(seen.files)
        if seen.outcome.ending is Ending.HUNG:
            raise CommandHungError(_hung(self.id, line, seen.outcome))
        return Ran(
            status=seen.outcome.status + (128 if seen.outcome.ending is Ending.SIGNALLED else 0),
            stdout=seen.outcome.stdout_text,
            stderr=seen.outcome.stderr_text,
            prompts=seen.outcome.prompts,
            facts={fact.name: fact.value for fact in facts.values()},
            files={name: file.content for name, file in seen.files.items() if file.content is not None},
        )

    def close(self) -> None:
        """Remove the directory."""
        self._open.close()
        self._workspace = None


def _hung(target: str, line: str, outcome: Outcome) -> str:
    where = f"it stood at {outcome.unanswered!r}" if outcome.unanswered else "it said nothing more"
    return f"`{line}` did not end on {target}: {where}; give it the answers it asks for, or more time"


class OpenBench:
    """A target's bench, open for all tests of a session and proven before the first and after the last."""

    def __init__(self, obtained: Obtained) -> None:
        self.target = obtained.target
        self._bench = open_bench(obtained)
        self.proof: Proof | None = None

    def __enter__(self) -> Self:
        self._bench.__enter__()
        try:
            self.proof = prove(self._bench, self.target)
        except BaseException as error:
            self._bench.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises TargetNotProvenError when it is not what it was at the beginning: nothing it showed is worth much."""
        try:
            again = prove(self._bench, self.target)
        finally:
            self._bench.__exit__(kind, error, trace)
        if again != self.proof:
            raise TargetNotProvenError(f"{self.target.id} changed while the tests ran; run them again")

    def for_test(self) -> OpenSSLTarget:
        """A directory of its own on this bench. Raises UsageError before the bench is entered."""
        if self.proof is None:
            raise UsageError(f"the bench of {self.target.id} is not open; enter it first")
        return OpenSSLTarget(self.target, self.proof, self._bench)
