"""What can go wrong with an allocation. Doubts about the data are findings, not errors."""


class AllocationError(Exception):
    """A day of an account cannot be allocated."""


class ConservationError(AllocationError):
    """The shares of a cost line, or of all lines of a basis, do not add up to it: a fault of this program."""

    def __init__(self, account: str, day: str, line: str, expected: int, got: int) -> None:
        self.account, self.day, self.line, self.expected, self.got = account, day, line, expected, got
        super().__init__(
            f"account {account}, {day}: the shares of {line} add up to {got} nano-units, expected {expected}; "
            "nothing of this day is booked, please report it with the day's cost lines"
        )
