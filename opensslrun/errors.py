"""Every error that ends a command, each with its exit status and a sentence a user can act on.

The message of each is one sentence: what was tried, where, what happened, and what to do next. It never
holds a pass phrase. A subclass is made only where a caller tells the cases apart.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """What ``opensslrun`` exits with; the meanings are documented in README and never change."""

    OK = 0
    FOUND = 1
    USAGE = 2
    ENVIRONMENT = 3
    NOTHING_JUDGED = 4
    DEFECT = 70
    INTERRUPTED = 130


class OpensslrunError(Exception):
    """Base of all errors with a sentence for the user."""

    exit_status: ClassVar[ExitStatus] = ExitStatus.DEFECT


class UsageError(OpensslrunError):
    """Wrong options, a selection that matches nothing, an unreadable or malformed input file."""

    exit_status = ExitStatus.USAGE


class RefusedPassPhraseError(UsageError):
    """A pass phrase that some version would refuse, or that is missing, or that was typed differently twice."""


class WouldOverwriteError(UsageError):
    """A key or certificate is already there and ``--force`` was not given."""


class EnvironmentLacksError(OpensslrunError):
    """This machine cannot do it: no engine, no ``openssl``, a needed target that could not be obtained."""

    exit_status = ExitStatus.ENVIRONMENT


class EngineError(EnvironmentLacksError):
    """The container engine is not there, refused a call, or stopped answering in the middle of a run."""


class ChecksumError(EnvironmentLacksError):
    """Something fetched is not what was declared; the message shows both sums, and nothing of it was used."""


class BuildFailedError(EnvironmentLacksError):
    """A target's sources were there and did not compile; the message names the log."""


class TargetNotProvenError(OpensslrunError):
    """A target is not what it is declared to be, or changed during the run."""

    exit_status = ExitStatus.FOUND


class CommandFailedError(OpensslrunError):
    """An ``openssl`` command did not do what its caller needs: a failure, a false OK, a broken output file."""

    exit_status = ExitStatus.FOUND


class CommandHungError(CommandFailedError):
    """An ``openssl`` command did not end in time, or asked something nobody had an answer for."""
