"""The catalogue as a price book, held against the genai-prices package it is made of."""

import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data import providers
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llm_finops.core.meters import UNITS
from llm_finops.core.price import PriceBook, UnknownPrice, quote
from llm_finops.core.records import BEGINNING, FOREVER, NONE, Price
from llm_finops.inputs.catalogue import seed
from llm_finops.inputs.catalogue_names import ModelNames
from llm_finops.inputs.catalogue_prices import CONTEXTS

AUTUMN = "2026-11-24T00:00:00Z"


@cache
def rows() -> tuple[Price, ...]:
    return tuple(seed()[0])


@cache
def book() -> PriceBook:
    return PriceBook(rows())


@cache
def names() -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(row.provider, row.model) for row in rows()}))


def dollars(provider: str, model: str, at: str = AUTUMN, tier: str = "standard", /, **meters: int) -> Decimal:
    return quote(book(), provider, model, tier, at, meters).total


def is_known(provider: str, model: str) -> bool:
    return bool(book().rows_for([(provider, model)]))


# How the catalogue counts what our meters count; its input includes the rest of input.
THEIRS = {
    "input_cache_read": ("cache_read_tokens",),
    "input_cache_write_5m": ("cache_write_tokens", "cache_write_5m_tokens"),
    "input_cache_write_1h": ("cache_write_tokens", "cache_write_1h_tokens"),
    "input_audio": ("input_audio_tokens",),
    "input_image": ("input_image_tokens",),
    "output": ("output_tokens",),
    "output_audio": ("output_tokens", "output_audio_tokens"),
    "output_image": ("output_tokens", "output_image_tokens"),
    "web_search": ("web_searches",),
    "file_search": ("storage_searches",),
}


def theirs(meters: Mapping[str, int]) -> Usage:
    counts = {"input_tokens": sum(quantity for meter, quantity in meters.items() if meter.startswith("input"))}
    for meter, quantity in meters.items():
        for key in THEIRS.get(meter, ()):
            counts[key] = counts.get(key, 0) + quantity
    return Usage(**counts)


instants = st.builds(
    lambda days, seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=days, seconds=seconds),
    st.integers(0, 1_200),
    st.sampled_from((0, 1, 86_399)),
)
quantities = st.one_of(
    st.integers(0, 10**6), st.sampled_from((0, 1, 99_999, 100_000, 199_999, 200_000, 200_001, 272_000, 272_001))
)
requests = st.dictionaries(st.sampled_from(["input_uncached", *THEIRS]), quantities, min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(st.data(), instants, requests)
def test_every_quote_equals_the_catalogues_own_reckoning(
    data: st.DataObject, at: datetime, meters: dict[str, int]
) -> None:
    provider, model = data.draw(st.sampled_from(names()))
    model = model.replace("YYYYMMDD", "20260901").replace("MMDD", "0807")
    tier = data.draw(st.sampled_from(sorted({row.service_tier for row in book().rows_for([(provider, model)])})))
    priced = {row.meter for row in book().rows_for([(provider, model)]) if row.service_tier == tier}
    meters = {meter: quantity for meter, quantity in meters.items() if meter in priced}
    try:
        made = quote(book(), provider, model, tier, at.isoformat().replace("+00:00", "Z"), meters)
    except UnknownPrice:
        assume(False)
    try:
        wanted = calc_price(
            theirs(meters), model, provider_id=provider, genai_request_timestamp=at, price_context=CONTEXTS[tier]
        )
    except LookupError:  # it knows the snapshot by dashes only
        dashed = re.sub(r"-(\d{4})(\d\d)(\d\d)$", r"-\1-\2-\3", model)
        wanted = calc_price(
            theirs(meters), dashed, provider_id=provider, genai_request_timestamp=at, price_context=CONTEXTS[tier]
        )
    # A few of its prices are finer than a billionth of a dollar a million, and rounded in the book.
    assert abs(made.total - wanted.total_price) <= Decimal("1e-15") * sum(meters.values())


@settings(max_examples=200, deadline=None)
@given(
    st.deferred(lambda: st.sampled_from(names())),
    st.sampled_from(["-foo", "x", "-2", "-preview", "-mini", "9", "-20269999", ":x", " "]),
)
def test_a_name_that_only_begins_like_a_known_one_is_known_only_if_it_is_spelled_out(
    name: tuple[str, str], ending: str
) -> None:
    provider, model = name
    made = re.sub("-?(YYYY)?MMDD$", "", model) + ending
    spelled = {known.lower() for of, known in names() if of == provider}
    assume(not made.startswith("ft:"))  # whatever follows the base of a fine-tuned model is its owner's
    assert is_known(provider, made) == (made.lower() in spelled)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-9"),
        ("openai", "gpt-5-foo"),
        ("openai", "gpt-5-2026-12-01"),  # a snapshot that the catalogue does not know
        ("openai", "gpt-5-nano-foo"),  # which it would take: it takes anything behind gpt-5-nano-
        ("openai", "computer"),
        ("anthropic", "claude-sonnet-99"),
        ("anthropic", "claude-sonnet-4-20260901"),  # which it would take behind an @, on Vertex
        ("anthropic", "claude-sonnet-4-5-foo"),
        ("anthropic", "claude-haiku-4-50"),
        ("google", "gemini-2.5-pro-something"),
        ("nobody", "gpt-5"),
    ],
)
def test_an_unknown_model_has_no_price(provider: str, model: str) -> None:
    assert not is_known(provider, model)


@pytest.mark.parametrize(
    ("provider", "model", "like"),
    [
        ("openai", "gpt-5-2025-08-07", "gpt-5"),
        ("openai", "gpt-5-20250807", "gpt-5"),
        ("openai", "GPT-5", "gpt-5"),
        ("openai", "gpt-5-nano-2025-08-07", "gpt-5-nano"),
        ("openai", "gpt-6-sol-2026-09-01", "gpt-6-sol"),
        ("openai", "ft:gpt-4o-2024-08-06:acme::abc", "ft:gpt-4o-2024-11-20"),
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("anthropic", "claude-opus-5@20260701", "claude-opus-5"),
        ("anthropic", "claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219"),
        ("aws", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "us.anthropic.claude-haiku-4-5-20251001"),
        ("zai", "glm-4.6", "GLM-4.6"),
    ],
)
def test_a_model_is_found_under_its_snapshots_and_aliases(provider: str, model: str, like: str) -> None:
    found = [row._replace(model="") for row in book().rows_for([(provider, model)])]
    assert found
    assert found == [row._replace(model="") for row in book().rows_for([(provider, like)])]


def test_names_are_found_as_the_catalogue_finds_them() -> None:
    for provider in providers:
        if provider.id == "openrouter":  # 900 models, found one by one
            continue
        known = ModelNames(provider)
        for number, model in enumerate(provider.models):
            for name in known.of(number):
                if not name.endswith("MMDD"):
                    assert provider.find_model(name) is model, (provider.id, name)


def test_snapshots_with_a_price_of_their_own_keep_it() -> None:
    models = ("gpt-4o-2024-05-13", "gpt-4o", "gpt-4o-2024-08-06")
    assert [dollars("openai", model, output=10**6) for model in models] == [15, 10, 10]


def test_real_requests_cost_what_their_provider_charged() -> None:
    at = "2025-06-01T00:00:00Z"
    model = "claude-3-7-sonnet-20250219"
    cost = dollars("anthropic", model, at, "standard", input_uncached=3, input_cache_write_5m=12_304, output=550)
    assert cost == Decimal("0.054399")
    model = "claude-sonnet-4-20250514"
    cost = dollars("anthropic", model, at, "standard", input_cache_write_5m=56, input_cache_write_1h=13_999)
    assert cost == Decimal("0.084204")


def test_a_cache_write_of_unsaid_life_costs_what_a_five_minute_one_does() -> None:
    for model in ("claude-sonnet-4-5", "claude-opus-5"):
        assert dollars("anthropic", model, input_cache_write=10**6) == dollars(
            "anthropic", model, input_cache_write_5m=10**6
        )


def test_the_long_price_begins_strictly_above_the_threshold_and_holds_for_the_whole_request() -> None:
    for model, provider, edge in (("claude-sonnet-4-5", "anthropic", 200_000), ("gpt-6-sol", "openai", 272_000)):
        low, high = (dollars(provider, model, input_uncached=n, output=0) / n for n in (edge, edge + 1))
        assert high == 2 * low
    # Its thresholds of xAI are written as the last short length.
    assert {row.context_band for row in book().rows_for([("x-ai", "grok-4.5")])} == {"0-199999", "199999-"}


def test_a_price_that_changed_is_another_one_from_that_day_on() -> None:
    before, after = "2025-06-09T23:59:59Z", "2025-06-10T00:00:00Z"
    assert dollars("openai", "o3", before, input_uncached=10**6) == Decimal(10)
    assert dollars("openai", "o3", after, input_uncached=10**6) == Decimal(2)
    july = [dollars("openai", "gpt-5.6-luna", f"2026-07-{day}T12:00:00Z", input_uncached=10**6) for day in (29, 30)]
    assert july[0] == 5 * july[1]


def test_a_tier_is_known_only_from_the_day_the_catalogue_names_its_price() -> None:
    # Asked for earlier, the catalogue answers with the full price.
    meters = {"input_uncached": 10**6, "output": 10**6}
    with pytest.raises(UnknownPrice, match="from 2026-10-14 on"):
        dollars("openai", "gpt-5", "2026-09-01T00:00:00Z", "batch", **meters)
    assert dollars("openai", "gpt-5", "2026-11-01T00:00:00Z", "batch", **meters) == Decimal("5.625")
    for tier, first in (("flex", "2026-10-12"), ("priority", "2026-10-12"), ("fast", "2026-10-12")):
        starts = {row.valid_from for row in book().rows_for([("openai", "gpt-5")]) if row.service_tier == tier}
        assert starts == {f"{first}T00:00:00Z"}
    assert not [row for row in book().rows_for([("anthropic", "claude-opus-5")]) if row.service_tier == "priority"]


def test_a_meter_that_a_tier_does_not_name_is_not_in_the_tier() -> None:
    # The batch price of o3 is named for input and output only; the catalogue would take the standard one for cached.
    with pytest.raises(UnknownPrice, match="no price of input_cache_read"):
        dollars("openai", "o3", AUTUMN, "batch", input_cache_read=1)
    assert dollars("openai", "o3", AUTUMN, "batch", web_search=1_000) == Decimal(10)


def test_what_a_model_has_no_price_of_its_own_for_costs_as_the_catalogue_reckons_or_is_unknown() -> None:
    assert dollars("openai", "o1-pro", input_cache_read=10**6) == Decimal(150)
    assert dollars("openai", "gpt-5", input_image=10**6) == Decimal("1.25")
    for meter in ("input_cache_write_1h", "input_cache_write_30m", "input_audio", "output_audio", "output_image"):
        with pytest.raises(UnknownPrice, match=f"no price of {meter}"):
            quote(book(), "openai", "gpt-5", "standard", AUTUMN, {meter: 1})


def test_a_reseller_has_the_others_standard_prices_for_models_it_does_not_list() -> None:
    assert dollars("azure", "gpt-5", output=10**6) == dollars("openai", "gpt-5", output=10**6)
    assert {row.service_tier for row in book().rows_for([("azure", "gpt-5")])} == {"standard"}


def test_models_whose_charges_cannot_be_told_apart_are_left_out() -> None:
    for provider, model in (
        ("deepseek", "deepseek-flash"),  # by the time of day
        ("perplexity", "sonar"),  # a fee a request
        ("perplexity", "sonar-deep-research"),  # reasoning apart from output
        ("openai", "whisper-1"),  # by the hour
    ):
        assert not is_known(provider, model)


def test_nearly_every_model_of_the_catalogue_with_a_token_price_is_in_the_book() -> None:
    with_price = booked = 0
    for provider in providers:
        for model in provider.models:
            prices = model.prices if isinstance(model.prices, list) else [model]
            if "input_mtok" in repr([vars(item.prices) for item in prices]):
                with_price += 1
                booked += is_known(provider.id, model.id) or any(
                    is_known(provider.id, name) for name in ModelNames(provider).of(provider.models.index(model))
                )
    assert with_price > 2_000
    assert booked / with_price > 0.99


def test_rows_are_well_formed_sorted_and_the_same_each_time() -> None:
    made, rounded = seed()
    assert tuple(made) == rows()
    assert made == sorted(set(made)) == book().rows
    assert all(row.price_nano >= 0 and row.valid_from < row.valid_until for row in made)
    assert {row.meter for row in made} <= UNITS.keys()
    assert {row.service_tier for row in made} == CONTEXTS.keys()
    assert {row.currency for row in made} == {"USD"}
    assert {row.source for row in made} == {"list:genai-prices 0.2.3"}
    assert {row.valid_until for row in made} >= {FOREVER}
    assert {row.valid_from for row in made} >= {BEGINNING}
    assert {row.context_band for row in made} >= {NONE, "0-200k", "200k-", "0-272k", "272k-", "32k-128k"}
    assert all("is booked as" in message for message in rounded)


def test_the_catalogue_is_not_loaded_by_an_import() -> None:
    code = "import sys, llm_finops.inputs.catalogue; print('genai_prices' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
