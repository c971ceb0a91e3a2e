"""``opensslrun matrix list`` and ``opensslrun matrix run``."""

from __future__ import annotations

import argparse
import gc

from rich.text import Text

from opensslrun.cli.output import err, out, print_document
from opensslrun.cli.shown import show_concluded
from opensslrun.errors import ExitStatus, UsageError
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.pairs import planned_pairs
from opensslrun.pipeline.plan import BenchChoice, Options, Plan, make_plan
from opensslrun.pipeline.session import check_writable, prepare, run_prepared, write_result
from opensslrun.pipeline.shard import Shard
from opensslrun.report.progress import progress_on


def plan_of(args: argparse.Namespace) -> Plan:
    """The plan that the options describe."""
    return make_plan(options_of(args))


def options_of(args: argparse.Namespace) -> Options:
    """What the user asked for."""
    return Options(
        targets=tuple(args.target),
        cases=tuple(args.case),
        jobs=getattr(args, "jobs", None),
        bench=BenchChoice(getattr(args, "bench", "auto")),
        targets_file=args.targets_file,
        cases_dir=args.cases_dir,
        differences=args.differences,
        readers=args.readers,
        stand_ins=getattr(args, "stand_ins", True),
        shard=Shard.parse(args.shard) if args.shard else None,
        cache=getattr(args, "cache", False),
    )


def run_list(args: argparse.Namespace) -> ExitStatus:
    """Print the cells a run would have."""
    plan = plan_of(args)
    if args.format == "json":
        document = {
            "cells": [{"target": target.id, "case": case.id} for target in plan.targets for case in plan.cases],
            "cases": [
                {
                    "id": case.id,
                    "title": case.title,
                    "steps": [step.run for step in case.steps],
                    "reads": [step.run for step in case.reads],
                }
                for case in plan.cases
            ],
            "pairs": [
                {"case": case, "producer": producer, "consumer": consumer}
                for case, producer, consumer in planned_pairs(plan.cases, plan.targets)
            ],
        }
        print_document(document)
        return ExitStatus.OK
    for case in plan.cases:
        out().print(Text.assemble((case.id, "bold"), f"  {case.title}"), soft_wrap=True)
        for step in case.steps:
            out().print(f"  {step.run}", soft_wrap=True)
        for step in case.reads:
            out().print(f"  each reads what each made: {step.run}", soft_wrap=True)
    cells = len(plan.targets) * len(plan.cases)
    out().print(
        f"on {', '.join(target.id for target in plan.targets)}: {cells} cells{_and_pairs(plan)}", soft_wrap=True
    )
    return ExitStatus.OK


def _and_pairs(plan: Plan) -> str:
    pairs = sum(1 for _ in planned_pairs(plan.cases, plan.targets))
    return f", {pairs} pairs of producer and consumer" if pairs else ""


def run_run(args: argparse.Namespace) -> ExitStatus:
    """Run the matrix, write its result, show it, and say by the exit status what it amounts to."""
    check_writable(args.out)
    prepared = prepare(options_of(args))
    unwritten: UsageError | None = None
    with Interruptions() as interruptions:
        with progress_on(err()) as listener:
            session = run_prepared(prepared, listener, interruptions)
        gc.freeze()  # what is there now stays to the end of the process: nobody need look for garbage in it
        try:
            written = write_result(session, args.out)
        except UsageError as error:
            unwritten = error
    if unwritten is None and not written:
        err().print(f"opensslrun: interrupted before anything was finished; {args.out} is as it was", soft_wrap=True)
        return ExitStatus.INTERRUPTED
    conclusion = show_concluded(session, args.format)
    session.keep()
    if unwritten is not None:
        raise unwritten
    err().print(f"result: {args.out}", soft_wrap=True)
    if session.defect is not None and not interruptions.seen.is_set():
        raise session.defect
    return ExitStatus.INTERRUPTED if interruptions.seen.is_set() else conclusion.status
