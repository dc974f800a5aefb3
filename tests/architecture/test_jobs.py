"""Every job that is staged has its handler, and every handler is staged by somebody."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import functions, module_of, python_files, relative, tree
from worker.registry import HANDLERS
from worker.runner import Plain
from worker.schedule import SCHEDULE


def calls(file: Path) -> Iterator[tuple[str, ast.Call]]:
    """Where a file stages something: the function it stands in, if any, and the call."""
    inside = {node: function.name for function in functions(file) for node in ast.walk(function)}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call) and node.args and called(node) in ("stage", "_stage", "staged_for"):
            yield inside.get(node, ""), node


def staged(file: Path) -> Iterator[tuple[str, ast.expr]]:
    """What a file stages: the function it stands in, and the expression that names the job."""
    for function, call in calls(file):
        yield function, call.args[0]


def called(call: ast.Call) -> str:
    """The last part of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def product() -> tuple[Path, ...]:
    """All files that may stage a job."""
    return tuple(file for file in python_files("portal", "worker") if "sandbox" not in file.parts)


def test_every_staged_job_is_known() -> None:
    names = {entry.job for entry in SCHEDULE}
    for file in product():
        for _, job in staged(file):
            if isinstance(job, ast.Name) and job.id.isupper():
                names.add(getattr(module_of(file), job.id))

    assert names == set(HANDLERS)


def test_jobs_are_named_by_constants() -> None:
    """Only what stages for others (``stage…``) takes the name from its caller."""
    loose = [
        f"{relative(file)}:{function}"
        for file in product()
        for function, job in staged(file)
        if not (isinstance(job, ast.Name) and job.id.isupper()) and "stage" not in function
    ]

    assert loose == []


def test_nobody_in_the_queue_of_money_calls_outside() -> None:
    booked = [
        getattr(module_of(file), ast.unparse(call.args[0]))
        for file in product()
        for _, call in calls(file)
        if any(
            keyword.arg == "queue" and ast.unparse(keyword.value).endswith("Queue.MONEY") for keyword in call.keywords
        )
    ]

    assert booked
    assert {name for name in booked if not isinstance(HANDLERS[name], Plain)} == set()
