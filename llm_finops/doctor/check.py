"""What the doctor says: a state and a paragraph about one table of finops.toml."""

from typing import NamedTuple

OK, WARNING, PROBLEM = "ok", "warning", "problem"


class Check(NamedTuple):
    """`subject` is the table's name (providers.openai), `said` one paragraph: what was seen, and what to do."""

    subject: str
    state: str
    said: str


def ok(subject: str, said: str) -> Check:
    """It works."""
    return Check(subject, OK, said)


def warning(subject: str, said: str) -> Check:
    """It works, but less is known than could be."""
    return Check(subject, WARNING, said)


def problem(subject: str, said: str) -> Check:
    """It does not work, or would book less than there is."""
    return Check(subject, PROBLEM, said)
