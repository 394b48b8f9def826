"""The progress bar of long commands: how far, how fast, how long still; on standard error."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich import progress
from rich.console import Console


@contextlib.contextmanager
def show_progress(verb: str, total: int, what: str) -> Iterator[Callable[[int, int, int], None]]:
    """Show a bar while the block runs; it yields `report(done, total, pages)`."""
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn(what + " · {task.fields[pages]} pages, {task.fields[rate]} a second"),
        progress.TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    # Into a file or a pipe it would write an empty line.
    shown = console.is_terminal
    with progress.Progress(*columns, console=console, transient=True, disable=not shown) as bars:
        task = bars.add_task(verb, total=total, pages=0, rate="-")

        def report(done: int, total: int, pages: int) -> None:
            elapsed = bars.tasks[0].elapsed or 0
            rate = f"{pages / elapsed:.0f}" if elapsed else "-"
            bars.update(task, completed=done, total=total, pages=pages, rate=rate)

        yield report
