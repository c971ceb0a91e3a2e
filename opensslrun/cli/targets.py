"""``opensslrun targets list``, ``build``, ``push``, ``export``, ``import`` and ``remove``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime

from opensslrun.cli.output import err, out, print_document
from opensslrun.errors import ExitStatus, OpensslrunError
from opensslrun.report.progress import progress_on
from opensslrun.report.targets import show_targets, target_as_data
from opensslrun.report.words import counted
from opensslrun.targets.carry import Carried, export_images, import_images, push_images, work_of_user
from opensslrun.targets.choose import choose_targets
from opensslrun.targets.load import load_known
from opensslrun.targets.model import Obtained, Target
from opensslrun.targets.obtain import available_all, obtain_many
from opensslrun.targets.recipe import recipes_sha256
from opensslrun.targets.remove import remove


def _chosen(args: argparse.Namespace) -> Sequence[Target]:
    return choose_targets(load_known(args.targets_file), tuple(args.target), getattr(args, "readers", None))


def run_list(args: argparse.Namespace) -> ExitStatus:
    """Show the targets and what is there of them. Asks the engine, never the network."""
    states = available_all(_chosen(args))
    if args.format == "json":
        recipes = recipes_sha256([state.target for state in states])
        document = {"recipes_sha256": recipes, "targets": [target_as_data(state) for state in states]}
        print_document(document)
    else:
        show_targets(states, out(), datetime.now(UTC).date())
    return ExitStatus.OK


def run_build(args: argparse.Namespace) -> ExitStatus:
    """Obtain what is missing; one that fails does not keep the others from being had."""
    targets = _chosen(args)
    with progress_on(err()) as listener:

        def done(name: str, what: Obtained | OpensslrunError) -> None:
            if isinstance(what, OpensslrunError):
                listener.missing([name], str(what))
            else:
                listener.obtained(name, what.origin)

        jobs = args.jobs or (os.cpu_count() or 1)
        got = obtain_many(targets, jobs, listener.stage, done, here=args.bench == "local")
    failed = [what for what in got.values() if isinstance(what, OpensslrunError)]
    err().print(f"{len(got) - len(failed)} of {counted(len(got), 'target')} ready")
    return max((error.exit_status for error in failed), default=ExitStatus.OK)


def run_push(args: argparse.Namespace) -> ExitStatus:
    """Push the images that are there; each line of output is a route to pull one by."""
    for carried in push_images(_chosen(args), args.registry, work_of_user()):
        out().print(f'{carried.target}: {{ image = "{carried.place}" }}', soft_wrap=True, highlight=False)
    return ExitStatus.OK


def run_export(args: argparse.Namespace) -> ExitStatus:
    """Write the images that are there into one file."""
    return _say_carried(export_images(_chosen(args), args.file, work_of_user()), "in")


def run_import(args: argparse.Namespace) -> ExitStatus:
    """Make the images that a file holds."""
    return _say_carried(import_images(_chosen(args), args.file, work_of_user()), "from")


def _say_carried(carried: Sequence[Carried], where: str) -> ExitStatus:
    for each in carried:
        err().print(f"{each.target}: {where} {each.place}", soft_wrap=True)
    return ExitStatus.OK


def run_remove(args: argparse.Namespace) -> ExitStatus:
    """Remove what opensslrun made for these targets."""
    for line in remove(_chosen(args)) or ["nothing to remove"]:
        err().print(line, soft_wrap=True)
    return ExitStatus.OK
