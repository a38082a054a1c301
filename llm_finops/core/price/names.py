"""Names of models, and what a book may say of all dated snapshots of one.

A row of the book names a model as its provider spells it, or, for all its snapshots, with the letters YYYYMMDD
(or a year and MMDD) where their names have a date: `gpt-6-sol-YYYYMMDD`. Nothing else stands for more than one
name: one that merely begins like a known one (`gpt-5-foo`, `claude-sonnet-99`) is unknown.
"""

import re
from collections.abc import Iterator
from datetime import date

_DATED = re.compile(r"(.+)([-@])(20\d\d)(-?)(\d\d)\4(\d\d)", re.ASCII)
_TUNED = re.compile(r"(ft:[^:]+):.+")
_FIRST_REVISION = re.compile(r"(.+)-v1(?::0)?")


def spellings(model: str) -> list[str]:
    """The names, in lower case, under which a book may hold a model, the most particular first.

    The name itself; the first revision of a model on Bedrock (`-v1:0`) without that; for a fine-tuned model
    (`ft:BASE:organisation:name:id`) its base, which decides the price; of each, where it ends in a date, the same
    with dashes (gateways write `-20260901`, Vertex `@20260901`) and the patterns for snapshots.
    """
    name = model.lower()
    names = [name, *(found[1] for pattern in (_TUNED, _FIRST_REVISION) if (found := pattern.fullmatch(name)))]
    return list(dict.fromkeys(spelled for known in names for spelled in (known, *_snapshots(known))))


def _snapshots(name: str) -> Iterator[str]:
    found = _DATED.fullmatch(name)
    if not found:
        return
    stem, mark, year, _, month, day = found.groups()
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return
    yield f"{stem}-{year}-{month}-{day}"
    for written in dict.fromkeys((mark, "-")):
        yield f"{stem}{written}{year}mmdd"
        yield f"{stem}{written}yyyymmdd"
