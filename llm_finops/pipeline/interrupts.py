"""SIGINT and SIGTERM end what runs, out of a Dagster run too.

Dagster takes the signals' handlers over while it runs a job in this process, makes a failed run of them and says
nothing to its caller, which would go on as if the work were done. What it cannot take is the descriptor that Python
writes each signal's number to, whoever handles it.
"""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """Somebody wants us to stop; `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, SIGINT and SIGTERM raise Interrupted; at the latest at its end, where somebody swallowed it.

    Elsewhere than on the main thread, which alone may handle signals, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    handlers = {number: signal.signal(number, _raise) for number in SIGNALS}
    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        heard = _heard(reader)
        reader.close()
        writer.close()
        if heard is not None:
            raise Interrupted(heard)


def _raise(number: int, _: FrameType | None) -> None:
    raise Interrupted(number)


def _heard(reader: socket.socket) -> int | None:
    """The first of our signals that came, if any."""
    try:
        came = reader.recv(4096)
    except BlockingIOError:
        return None
    return next((number for number in came if number in SIGNALS), None)
