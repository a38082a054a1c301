"""The rules in force on a day: who owns a cost, what it is called, how it is spread.

A rule meets a fact by a glob in which only `*` is special. Projects, keys and models are met by id or by
name. What is not known (`(any)`) meets no rule, not even `*`; `(none)` is a fact and meets `(none)` and `*`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from llm_finops.core.records import ANY, COGS, NONE, PRODUCTION, Name, RequestTotal, key_bytes
from llm_finops.core.settings import RequestSource, Rule, Settings, Spread

TAG = "tag."


class Facts(NamedTuple):
    """What is known of a piece of cost, or of a logged request; `(any)` where it is not known."""

    account: str
    provider: str
    project: str
    api_key: str
    actor: str
    model: str
    service_tier: str
    environment: str = ANY
    tags: str = "{}"  # JSON object


class UnknownSourceError(LookupError):
    """Request totals name a source that the settings do not have."""


class Label(NamedTuple):
    """What a cost is called, wherever on the ladder it finds its owner."""

    environment: str
    cost_class: str


class Names:
    """The projects and keys of one account, by id and by every name they ever had.

    A former name still means its project or key, unless another bears it now: logs and rules of the past say
    what was true then, and a rename at the provider must not move yesterday's money.
    """

    def __init__(self, names: Iterable[Name]) -> None:
        self._names: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._ids: defaultdict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        borne: set[tuple[str, str]] = set()
        for name in sorted(names, key=lambda name: (name.former or 0, key_bytes(name))):
            if name.former is None:
                borne.add((name.kind, name.name))
            elif (name.kind, name.name) in borne:
                continue
            self._names[name.kind, name.id].append(name.name)
            self._ids[name.kind, name.name].add((name.id, name.project))

    def id_of(self, kind: str, text: str, project: str = ANY) -> str:
        """The id a log means by an id or a name; the text itself where that is unknown or ambiguous.

        Keys of one name in several projects are told apart by the project, where it is given.
        """
        if text in {NONE, ANY} or (kind, text) in self._names:
            return text
        found = self._ids.get((kind, text), set())
        ids = {id_ for id_, of in found if of == project} or {id_ for id_, _ in found}
        return ids.pop() if len(ids) == 1 else text

    def called(self, kind: str, id_: str) -> tuple[str, ...]:
        """The id and its names, the present one first: what a rule may say."""
        return (id_, *(name for name in self._names.get((kind, id_), ()) if name != id_))


class Rulebook:
    """The rules and spreads of one day, asked by facts."""

    def __init__(self, day: str, settings: Settings, names: Mapping[str, Sequence[Name]]) -> None:
        """`names` by account. A rule holds from its first day to the day before its last (exclusive)."""
        self._rules = [rule for rule in settings.rules if rule.valid_from <= day < rule.valid_until]
        self._spreads = [spread for spread in settings.spreads if spread.valid_from <= day < spread.valid_until]
        self._names = {account: Names(of) for account, of in names.items()}
        self._model = settings.model
        self._sources = {source.name: source for source in settings.requests}
        self._found: dict[tuple[str, Facts], Rule | None] = {}
        self._matches = [rule.match for rule in self._rules] + [spread.match for spread in self._spreads]
        self.reads_tags = any(_tags_of(match) for match in self._matches)

    def owner(self, facts: Facts) -> Rule | None:
        """The first rule with a customer that meets the facts."""
        return self._first("owner", facts)

    def label_rule(self, facts: Facts) -> Rule | None:
        """The first rule with an environment or a cost class that meets the facts, with or without a customer."""
        return self._first("label", facts)

    def feature(self, facts: Facts) -> str | None:
        """What the facts are used for, by the first rule that says so and leaves open for whom.

        For what no request log gives to a customer: a log that names a customer and no feature is left at that.
        """
        rule = self._first("feature", facts)
        return rule.feature if rule else None

    def label(self, facts: Facts) -> Label:
        """The label of a cost: by rule, else the log's environment, else production; cogs."""
        rule = self.label_rule(facts)
        logged = PRODUCTION if facts.environment in {NONE, ANY} else facts.environment
        if rule is None:
            return Label(logged, COGS)
        return Label(rule.environment or logged, rule.cost_class or COGS)

    def spread(self, facts: Facts) -> Spread | None:
        """The first spread that meets the facts."""
        return next((spread for spread in self._spreads if self._meets(spread.match, facts)), None)

    def signature(self, facts: Facts, *, but_tags: bool = False) -> tuple[int, ...]:
        """Which rules and spreads meet the facts in all but environment: equal signatures share one fate.

        `but_tags`: nor by tags, where a log is yet to say them.
        """
        met = (self._meets(_without(match, but_tags=but_tags), facts) for match in self._matches)
        return tuple(at for at, meets in enumerate(met) if meets)

    def source(self, name: str) -> RequestSource:
        """The request source of that name; UnknownSourceError if the settings have none."""
        if name not in self._sources:
            known = ", ".join(sorted(self._sources)) or "none"
            raise UnknownSourceError(
                f"request totals of source {name!r}: the settings know {known}; "
                "a source that was removed stays in the settings as a past one"
            )
        return self._sources[name]

    def customers_requests(self, totals: Mapping[str, Iterable[RequestTotal]]) -> Iterator[RequestTotal]:
        """The requests, of all sources, that name a customer and are cogs."""
        for name, of_source in totals.items():
            columns = self.source(name).columns
            known: dict[tuple[object, ...], bool] = {}  # few places, many customers
            for total in of_source:
                if total.customer in {"", NONE}:
                    continue
                at = (total.pool, total.environment, total.actor, total.tags)
                if at not in known:
                    known[at] = self.label(self.of_request(total, columns)).cost_class == COGS
                if known[at]:
                    yield total

    def of_request(self, total: RequestTotal, columns: Collection[str]) -> Facts:
        """The facts of logged requests: what the source maps (`columns`), projects and keys by id."""
        pool, (project, api_key) = total.pool, self.ids(total, columns)
        actor = total.actor if "actor" in columns else ANY
        model = pool.model if "model" in columns else ANY
        tier = pool.service_tier if "service_tier" in columns else ANY
        environment = ANY if total.environment == NONE else total.environment
        return Facts(pool.account, pool.provider, project, api_key, actor, model, tier, environment, total.tags or "{}")

    def ids(self, total: RequestTotal, columns: Collection[str]) -> tuple[str, str]:
        """The project and key of logged requests, as ids where the names say so."""
        names = self._names.get(total.pool.account) or Names(())
        project = names.id_of("project", total.pool.project) if "project" in columns else ANY
        return project, names.id_of("api_key", total.pool.api_key, project) if "api_key" in columns else ANY

    def _first(self, walk: str, facts: Facts) -> Rule | None:
        at = (walk, facts)
        if at not in self._found:
            rules = (rule for rule in self._rules if _acts(rule, walk))
            self._found[at] = next((rule for rule in rules if self._meets(rule.match, facts)), None)
        return self._found[at]

    def _meets(self, match: Mapping[str, str], facts: Facts) -> bool:
        return all(
            any(glob(self._pattern(dimension, text)).fullmatch(value) for value in values)
            for dimension, text in match.items()
            for values in [self._values(dimension, facts)]
        )

    def _pattern(self, dimension: str, text: str) -> str:
        return self._model(text) if dimension == "model" else text

    def _values(self, dimension: str, facts: Facts) -> tuple[str, ...]:
        if dimension.startswith(TAG):
            tag = read_object(facts.tags).get(dimension.removeprefix(TAG))
            return () if tag is None else (str(tag),)
        value: str = getattr(facts, dimension, ANY)
        if value == ANY:
            return ()
        names = self._names.get(facts.account) if dimension in {"project", "api_key"} else None
        return names.called(dimension, value) if names else (value,)


def tags_read(settings: Settings) -> set[str]:
    """The tags that some rule or spread reads, on whatever day."""
    matches = [rule.match for rule in settings.rules] + [spread.match for spread in settings.spreads]
    return {tag for match in matches for tag in _tags_of(match)}


def with_tags(facts: Facts, tags: str) -> Facts:
    """The facts with a log's tags beside those of the cost line; of one name, the log's: it knows the request."""
    return facts if tags == "{}" else facts._replace(tags=_merged(facts.tags, tags))


@lru_cache(maxsize=4096)
def _merged(one: str, other: str) -> str:
    return json.dumps({**json.loads(one), **json.loads(other)}, sort_keys=True)


def _tags_of(match: Mapping[str, str]) -> list[str]:
    return [dimension.removeprefix(TAG) for dimension in match if dimension.startswith(TAG)]


def _without(match: Mapping[str, str], *, but_tags: bool) -> dict[str, str]:
    return {
        dimension: text
        for dimension, text in match.items()
        if dimension != "environment" and not (but_tags and dimension.startswith(TAG))
    }


def sees(columns: Collection[str], rule: Rule) -> bool:
    """Whether a log that maps these columns can tell what the rule speaks of."""
    return all(dimension in columns for dimension in rule.match)


def read_object(text: str) -> dict[str, Any]:
    """A JSON object of the ledger (tags, meters): numbers exact, NaN and infinity refused (ValueError)."""
    value = _DECODER.decode(text)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, saw {text[:80]!r}")  # noqa: TRY004  one error for bad content
    return value


def read_objects(texts: Sequence[str]) -> list[dict[str, Any]]:
    """JSON objects of the ledger, as `read_object` has them, and many times as fast as one by one."""
    objects: list[dict[str, Any]] = _DECODER.decode(f"[{','.join(texts)}]")
    return objects


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"expected a number, saw {text}")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)  # made once: it is most of a short text's time


def _acts(rule: Rule, walk: str) -> bool:
    if walk == "owner":
        return rule.customer is not None
    if walk == "feature":
        return rule.feature is not None and rule.customer is None
    return rule.environment is not None or rule.cost_class is not None


@lru_cache(maxsize=4096)
def glob(pattern: str) -> re.Pattern[str]:
    """A text in which only `*` is special, for `fullmatch`."""
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
