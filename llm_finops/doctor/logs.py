"""A request log, read for one day: what its rows say, what they leave out, and whether a bill will meet them."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from llm_finops.config import Config
from llm_finops.core.price import PriceBook
from llm_finops.core.records import NONE
from llm_finops.core.settings import RequestSource
from llm_finops.doctor.check import Check, ok, problem, warning
from llm_finops.doctor.providers import Met
from llm_finops.engine import DayTotals, EngineError, Workspace, survey, totals
from llm_finops.inputs.catalogue import seed
from llm_finops.inputs.files import InputError
from llm_finops.inputs.prices import read_prices

_FILES_MAX = 10  # the newest files are looked at; a log of years need not be read to see how it is written
_SHOWN = 3
_SEVERE = {"customer", "model"}  # without them a log finds nobody, or meets no bill
_EMPTY, _MISSING, _NO_ACCOUNT, _UNPRICED = "column empty", "tokens missing", "no account", "unpriced"


def examine_log(config: Config, name: str, day: date, met: Sequence[Met]) -> Iterator[Check]:
    """What the log says of the day, or of its newest day before."""
    subject = f"requests.{name}"
    source = next(source for source in config.settings.requests if source.name == name)
    paths = config.files(config.requests[name].paths)
    if not paths:
        yield problem(
            subject,
            f"No file matches {', '.join(config.requests[name].paths)} (looked for from {config.root}). Without it "
            "customers are found by rules and spread alone; a log that comes later is read back to its first day.",
        )
        return
    try:
        newest = sorted(paths, key=lambda path: (path.stat().st_mtime_ns, str(path).encode()))[-_FILES_MAX:]
        with _workspace(config) as space:
            yield from _read(config, source, newest, day, met, space)
    except EngineError as error:
        yield problem(subject, f"{error}.")
    except (InputError, OSError) as error:
        yield problem(subject, f"{error}.")


@contextmanager
def _workspace(config: Config) -> Iterator[Workspace]:
    accounts = {account.name: account.provider for account in config.settings.accounts}
    with tempfile.TemporaryDirectory(prefix="llm-finops-doctor-") as folder:
        yield Workspace(Path(folder), providers=accounts)


def _read(
    config: Config, source: RequestSource, paths: list[Path], day: date, met: Sequence[Met], space: Workspace
) -> Iterator[Check]:
    subject = f"requests.{source.name}"
    files = survey(source, paths, space)
    held = sorted({of for file in files for of in file.days})
    undated = sum((Counter(file.undated) for file in files), Counter[str]())
    if not held:
        why = "; ".join(f"{count:,} rows: {reason}" for reason, count in undated.most_common(_SHOWN)) or "no rows"
        yield problem(subject, f"No row has a day ({why}). Is `time` the right column, and does `time_zone` say where?")
        return
    at = str(day) if str(day) in held else max([of for of in held if of <= str(day)], default=held[0])
    holding = [file.path for file in files if at in file.days]
    book = _book(config)
    (told,) = totals(source, holding, [at], book.rows_for, config.settings.aliases, space)
    if told.refused:
        yield problem(subject, f"{at} cannot be read: {told.refused}.")
        return
    found = [*_rows(subject, told), *_findings(subject, told), *_customers(subject, source, told)]
    found += _models(subject, source, told, met)
    said = f"{at}: {_requests(told):,} requests in {_files(len(holding))}, {told.duplicates:,} duplicates."
    late = "" if at == str(day) else f" It has no row of {day} (in {_files(len(files))} looked at): is it late?"
    yield (warning if late else ok)(subject, said + late)
    yield from found


_list_prices = cache(seed)  # of several logs, read once


def _book(config: Config) -> PriceBook:
    """List prices, and the company's own where their file can be read: that it cannot is said at [prices]."""
    seeded, _ = _list_prices()
    try:
        return PriceBook([*seeded, *read_prices(config.files(config.price_patterns))])
    except InputError:
        return PriceBook(seeded)


def _requests(told: DayTotals) -> int:
    return sum(total.requests for total in told.totals)


def _rows(subject: str, told: DayTotals) -> Iterator[Check]:
    if bad := told.quarantined:
        first = f"{bad[0].reason} ({bad[0].detail})"
        say = problem if 2 * len(bad) > told.rows else warning
        yield say(
            subject,
            f"{len(bad):,} of {told.rows:,} rows of {told.day} cannot be counted, such as: {first}. "
            "They are kept in quarantine with their reasons, and counted once the file is mended.",
        )


def _findings(subject: str, told: DayTotals) -> Iterator[Check]:
    """What the engine doubts, a paragraph a kind."""
    empty = [finding for finding in told.findings if finding.kind == _EMPTY]
    for finding in empty:
        say = problem if finding.subject in _SEVERE else warning
        yield say(subject, f"The column {finding.detail} {_consequence(finding.subject)}".strip())
    for kind in (_NO_ACCOUNT, _MISSING):
        for finding in (finding for finding in told.findings if finding.kind == kind):
            say = problem if finding.amount >= _requests(told) else warning
            yield say(subject, f"{kind.capitalize()}: {finding.amount:,} requests. {_upper(finding.detail)}.")
    unpriced = sorted({finding.subject for finding in told.findings if finding.kind == _UNPRICED})
    if unpriced:
        yield warning(
            subject,
            f"No list price for {_some(unpriced)} (provider, model, tier, meter). Their requests weigh by quantity; "
            "name the model as the provider does in [models], or give a price in [prices].",
        )


def _consequence(column: str) -> str:
    return {
        "customer": "No request of the log finds its customer.",
        "model": "No request meets what the provider reports.",
        "api_key": "A mapped but empty key meets only usage without a key: leave api_key out of columns instead.",
        "project": "A mapped but empty project meets only usage without one: leave project out of columns instead.",
    }.get(column, "Leave it out of columns, or name the right one.")


def _customers(subject: str, source: RequestSource, told: DayTotals) -> Iterator[Check]:
    nameless = sum(total.requests for total in told.totals if total.customer == NONE)
    if "customer" not in source.columns:
        yield problem(subject, "It maps no `customer`: no request finds its customer. Name the column in columns.")
    elif 0 < nameless < _requests(told):
        features = Counter({NONE: 0})
        for total in told.totals:
            features[total.feature] += total.requests if total.customer == NONE else 0
        most = ", ".join(f"{feature} {n:,}" for feature, n in features.most_common(_SHOWN) if n)
        yield warning(subject, f"{nameless:,} of {_requests(told):,} requests name no customer; by feature: {most}.")


def _models(subject: str, source: RequestSource, told: DayTotals, met: Sequence[Met]) -> Iterator[Check]:
    """Models of the log that its provider did not report that day: another spelling explains nothing of the bill."""
    reported = {of.account: of.models for of in met if of.models}
    strange: Counter[tuple[str, str]] = Counter()
    for total in told.totals if "model" in source.columns else ():
        known = reported.get(total.pool.account)
        if known and total.pool.model not in known:
            strange[total.pool.account, total.pool.model] += total.requests
    for (account, model), requests in strange.most_common(_SHOWN):
        likely = sorted(of for of in reported[account] if of.startswith(model) or model.startswith(of))
        pair = f'"{model}" = "{likely[0] if likely else "..."}"'
        yield warning(
            subject,
            f"{requests:,} requests are of the model {model}, which {account} did not report that day "
            f"(it reported {_some(sorted(reported[account]))}): they explain nothing of its bill. If it is another "
            f"name of one of those, say so: [models] {pair}",
        )


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _some(names: Sequence[Any]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(str(name) for name in names[:_SHOWN]) + more


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
