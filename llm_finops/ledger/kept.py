"""What was made of versions, kept a while in memory: a version never changes, so nothing kept is ever stale."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

_Made = TypeVar("_Made")


class Kept:
    """The last so many that were asked for. Threads may share it; two that miss at once both make it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._made: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], _Made]) -> _Made:
        """What is kept under the key, or what `make` makes: of the versions that the key names, and nothing else."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                found: _Made = self._made[key]
                return found
        made = make()
        with self._lock:
            self._made[key] = made
            self._made.move_to_end(key)
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        return made

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._made.clear()
