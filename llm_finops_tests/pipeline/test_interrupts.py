"""A signal, or a fault outside any single day, is told to who started the run, and not only to Dagster."""

import os
import signal
import threading

import dagster as dg
import pytest

from llm_finops.core.records import Margin
from llm_finops.definitions import build
from llm_finops.pipeline import decide
from llm_finops.pipeline.interrupts import Interrupted, interruptible
from llm_finops.pipeline.run import run_range
from llm_finops.pipeline.work import Finops
from llm_finops_tests.pipeline import made
from llm_finops_tests.pipeline.little import FIRST, LAST, Little


@pytest.mark.parametrize("swallowed", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_run_interrupts_whoever_started_it(
    little: Little, instance: dg.DagsterInstance, number: signal.Signals, swallowed: bool
) -> None:
    steps: list[str] = []

    def progress(step: str, done: int, _: int) -> None:
        steps.append(step)
        if (step, done) == ("paper usage", 1):
            try:
                os.kill(os.getpid(), number)
            except BaseException:
                if not swallowed:  # by a library, say
                    raise

    finops = Finops(little.environment, progress, package=made)
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted) as caught:
        run_range(build(little.config, finops), finops, instance, FIRST, LAST)

    assert caught.value.number == number
    assert ("margins" in steps) == swallowed
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert little.settle().ok  # and the next run does the rest


def test_elsewhere_than_on_the_main_thread_signals_are_left_alone() -> None:
    done: list[bool] = []

    def body() -> None:
        with interruptible():
            done.append(True)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert done == [True]


def test_a_run_that_crashes_says_so_and_why(little: Little, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object, **__: object) -> tuple[list[Margin], list[object]]:
        raise OSError("the disk\nis gone")

    assert little.settle().crashed == ""
    little.revenue("2026-11-17").write_text("customer,amount,currency,day\nada,1,USD,2026-11-17\n", encoding="utf-8")
    monkeypatch.setattr(decide, "margins", lost)
    report = little.run()

    assert (report.ok, report.failed) == (False, [])
    assert report.crashed == "margins: OSError: the disk is gone"
