"""What every day's numbers stand on and no day owns: prices, settings, the names of projects and keys."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from llm_finops.connectors.contract import SourceError
from llm_finops.core.price import PriceBook
from llm_finops.core.records import Name, key_bytes
from llm_finops.core.rules import glob
from llm_finops.core.settings import RequestSource, Settings, to_rows
from llm_finops.inputs.catalogue import seed
from llm_finops.inputs.prices import read_prices
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.files import source_files
from llm_finops.pipeline.renamed import refuse_unsaid
from llm_finops.pipeline.work import Work


def book_reference(work: Work) -> dict[str, int | str]:
    """Book prices, settings and names; what is said of each, for the asset's metadata.

    Names that cannot be read are not a reason to stop: what was seen before is kept.
    """
    config = work.config
    refuse_unsaid(work)
    seeded, rounded = _list_prices()
    contract = read_prices(source_files(work, "prices", config.price_patterns))
    book = PriceBook([*seeded, *contract])
    said: dict[str, int | str] = {"prices": len(book.rows), "contract_prices": len(contract), "rounded": len(rounded)}
    for account in config.providers:
        said[f"names_{account}"] = _book_names(work, account)
    with work.ledger.commit("reference", work.run_id) as commit:
        commit.book(d.PRICES, "*", "*", book.rows)
        commit.book(d.SETTINGS, "*", "*", to_rows(_spelled_out(work)))
    return said


# The catalogue stands in an installed package: it cannot change under a running process.
_list_prices = cache(seed)


def _book_names(work: Work, account: str) -> int | str:
    """Once seen, kept.

    A deleted key vanishes from the provider's list while its id stays in usage; a renamed one stays in logs and
    rules under its former name.
    """
    seen = work.ledger.read(d.NAMES, account, "*")
    load_id = work.ledger.journals.begin_load(account, d.NAMES.name, "*", "*")
    try:
        with work.connected(account) as connector:
            names = with_former(seen, connector.names())
    except SourceError as error:
        work.ledger.journals.end_load(load_id, "failed", detail=str(error))
        return f"not read: {error}"
    with work.ledger.commit(f"{account} names", work.run_id) as commit:
        commit.book(d.NAMES, account, "*", names)
        commit.loaded(load_id, d.NAMES, account, "*", 0, ())
    work.ledger.journals.end_load(load_id, "whole")
    return len(names)


def _spelled_out(work: Work) -> Settings:
    """The settings, `speaks_for` by ids and by names: a log may write either, and its reader knows no names."""
    settings = work.settings()
    names = [name for account in work.config.providers for name in work.ledger.read(d.NAMES, account, "*")]
    return replace(settings, requests=tuple(of if of.past else spelled_out(of, names) for of in settings.requests))


def spelled_out(source: RequestSource, names: Iterable[Name]) -> RequestSource:
    """The source with every id and name of the projects and keys that it speaks for.

    A former name is left out where another project or key bears it now.
    """
    known = list(names)
    borne = {(name.kind, name.name) for name in known if name.former is None}
    called: dict[tuple[str, str], set[str]] = {}
    for name in known:
        if name.former is None or (name.kind, name.name) not in borne:
            called.setdefault((name.kind, name.id), {name.id}).add(name.name)
    speaks_for = dict(source.speaks_for)
    for what, kind in (("projects", "project"), ("api_keys", "api_key")):
        spoken = tuple(source.speaks_for.get(what, ()))
        met = {
            text
            for (of, _), texts in called.items()
            if of == kind and any(glob(pattern).fullmatch(text) for pattern in spoken for text in texts)
            for text in texts
        }
        if spoken:
            speaks_for[what] = (*spoken, *sorted(met - set(spoken)))
    return replace(source, speaks_for=speaks_for)


def with_former(seen: Iterable[Name], now: Iterable[Name]) -> list[Name]:
    """What the provider calls its projects and keys now, and under which names they were seen before."""
    listed = {(name.kind, name.id): name for name in now}
    found = {(name.kind, name.id, name.name): name for name in listed.values()}
    for name in seen:
        said = name if (name.kind, name.id) not in listed else name._replace(former=1)
        found.setdefault((name.kind, name.id, name.name), said)
    return sorted(found.values(), key=key_bytes)
