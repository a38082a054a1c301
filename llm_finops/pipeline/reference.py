"""What every day's numbers stand on and no day owns: prices, settings, the names of projects and keys."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache, lru_cache

from llm_finops.connectors.contract import SourceError
from llm_finops.connectors.tape import recording
from llm_finops.core.price import PriceBook
from llm_finops.core.records import Name, Price, key_bytes
from llm_finops.core.rules import glob
from llm_finops.core.settings import RequestSource, Settings, to_rows
from llm_finops.inputs.catalogue import seed
from llm_finops.inputs.prices import read_prices
from llm_finops.ledger import Commit
from llm_finops.ledger import datasets as d
from llm_finops.ledger.content import content_hash, table_rows
from llm_finops.ledger.pages import keep_pages
from llm_finops.pipeline.files import source_files
from llm_finops.pipeline.reading import begin_replay, replayed, said_of, tellers
from llm_finops.pipeline.renamed import refuse_unsaid
from llm_finops.pipeline.work import Replay, Work


def book_reference(work: Work) -> dict[str, int | str]:
    """Book prices, settings and names; what is said of each, for the asset's metadata.

    Names that cannot be read are not a reason to stop: what was seen before is kept.
    """
    config = work.config
    refuse_unsaid(work)
    contract = read_prices(source_files(work, "prices", config.price_patterns))
    book, content = _price_book(tuple(contract))
    rounded = _list_prices()[1]
    said: dict[str, int | str] = {"prices": len(book.rows), "contract_prices": len(contract), "rounded": len(rounded)}
    for account in config.providers:
        said[f"names_{account}"] = book_names(work, account)
    work.keep_book(content, book)
    with work.ledger.commit("reference", work.run_id) as commit:
        if work.ledger.gather().content(d.PRICES, "*", "*") != content:
            commit.book(d.PRICES, "*", "*", book.rows)
        commit.book(d.SETTINGS, "*", "*", to_rows(_spelled_out(work)))
        if config.reporting.currency is None:
            _end_converted(work, commit)
    return said


def _end_converted(work: Work, commit: Commit) -> None:
    """Nothing is converted any more. The empty days are made of the settings, so a currency makes them stale again."""
    gather = work.ledger.gather()
    gather.has(d.SETTINGS, "*", "*")
    for day in work.ledger.days_with_rows(d.CONVERTED_MARGINS, "*"):
        commit.book(d.CONVERTED_MARGINS, "*", day, [], gather.inputs)


# The catalogue stands in an installed package: it cannot change under a running process.
_list_prices = cache(seed)


@lru_cache(maxsize=2)
def _price_book(contract: tuple[Price, ...]) -> tuple[PriceBook, str]:
    """The list's prices under a company's own, and the content hash of its rows: a second's work, once a process."""
    book = PriceBook([*_list_prices()[0], *contract])
    return book, content_hash(d.PRICES, table_rows(d.PRICES, book.rows), ())


def book_names(work: Work, account: str) -> int | str:
    """Book what the provider calls its projects and keys; how many names there are, or why none was read.

    Once seen, kept.

    A deleted key vanishes from the provider's list while its id stays in usage; a renamed one stays in logs and
    rules under its former name.
    """
    if work.replay is not None:
        return _replay_names(work, work.replay, account)
    load_id = work.ledger.journals.begin_load(account, d.NAMES.name, "*", "*")
    try:
        with recording() as tape, work.connected(account) as connector:
            names = connector.names()
    except SourceError as error:
        work.ledger.journals.end_load(load_id, "failed", detail=str(error))
        return f"not read: {error}"
    if work.config.pages_days:
        keep_pages(work.ledger, load_id, tape.pages)
    return _book_read(work, account, load_id, names)


def _book_read(work: Work, account: str, load_id: int, names: Iterable[Name], said: str = "") -> int:
    known = with_former(work.ledger.read(d.NAMES, account, "*"), names)
    with work.ledger.commit(f"{account} names", work.run_id) as commit:
        commit.book(d.NAMES, account, "*", known)
        commit.loaded(load_id, d.NAMES, account, "*", 0, ())
    work.ledger.journals.end_load(load_id, "whole", detail=said)
    return len(known)


def _replay_names(work: Work, replay: Replay, account: str) -> int | str:
    """The kept lists, oldest first, so that former names are former again; none older than what is booked."""
    said: int | str = "none kept"
    kept_lists = [kept for kept, tells in tellers(work.ledger, replay, account, d.NAMES) if "*" in tells]
    for kept in reversed(kept_lists):
        load_id = begin_replay(work, account, d.NAMES, kept)
        try:
            with replayed(work, account, kept) as (connector, pages):
                names = connector.names()
        except SourceError as error:
            work.ledger.journals.end_load(load_id, "failed", detail=f"{said_of(work, kept)}; {error}")
            said = f"not read: {error}"
            continue
        if work.config.pages_days and replay.source is not None:
            keep_pages(work.ledger, load_id, pages)
        said = _book_read(work, account, load_id, names, said_of(work, kept))
    return said


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
