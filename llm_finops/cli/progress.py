"""Progress on long work: a line a step, redrawn on a terminal, plain elsewhere."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Steps:
    """A progress callback for `Finops`: (step, done, total)."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=Console(stderr=True), disable=not self._terminal)
        self._tasks: dict[str, object] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._bars.stop()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Show how far a step is."""
        if not self._terminal:
            if done == total:
                sys.stderr.write(f"  {step}: {total}\n")
            return
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=total)
        self._bars.update(self._tasks[step], completed=done, total=total)  # type: ignore[arg-type]
