"""OpenAI's line items: what their words say, and that nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.connectors._openai_items import read_line_item
from llm_finops.core.records import ANY


@pytest.mark.parametrize(
    ("item", "model", "meter"),
    [
        ("gpt-4o-2024-08-06, Input", "gpt-4o-2024-08-06", "input"),
        ("gpt-4o-2024-08-06, cached input", "gpt-4o-2024-08-06", "input_cache_read"),
        ("gpt-6-astra, input_tokens", "gpt-6-astra", "input"),
        ("gpt-5.6-luna, output", "gpt-5.6-luna", "output"),
        ("gpt-realtime-2.1, audio input", "gpt-realtime-2.1", "input_audio"),
        ("gpt-realtime-2.1,  Audio  Output ", "gpt-realtime-2.1", "output_audio"),
        ("gpt-image-1, image output", "gpt-image-1", "output_image"),
        ("gpt-5.6-luna, cache write", "gpt-5.6-luna", "input_cache_write"),
        ("gpt-5.6-luna, input_cache_write_30m_tokens", "gpt-5.6-luna", "input_cache_write_30m"),
        ("ft:gpt-4o:acme, inc:x, input", "ft:gpt-4o:acme, inc:x", "input"),
        ("input_tokens", ANY, "input"),
        ("brand-new-1, input", "brand-new-1", "input"),
        ("assistants api | file search", ANY, "other"),
        ("web search tool calls", ANY, "web_search"),
        ("gpt-4o-search-preview, web search", "gpt-4o-search-preview", "web_search"),
        ("text-embedding-3-small", "text-embedding-3-small", ANY),
        (" o3 ", "o3", ANY),
        ("ft:gpt-4o-mini-2024-07-18:acme::AbC12", "ft:gpt-4o-mini-2024-07-18:acme::AbC12", ANY),
        ("", ANY, "other"),
    ],
)
def test_line_items_are_read_by_their_words(item: str, model: str, meter: str) -> None:
    assert read_line_item(item) == (model, ANY, meter)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("gpt-4o, input, batch", ("gpt-4o", "batch", "input")),
        ("gpt-4o, batch, input", ("gpt-4o", "batch", "input")),
        ("gpt-5-mini, input (flex)", ("gpt-5-mini", "flex", "input")),
        ("gpt-5-mini, Cached Input (Priority)", ("gpt-5-mini", "priority", "input_cache_read")),
        ("gpt-5-mini, output_tokens flex", ("gpt-5-mini", "flex", "output")),
        ("gpt-5-mini (flex), input", ("gpt-5-mini", "flex", "input")),
        ("brand-new-1 (flex), input", ("brand-new-1", "flex", "input")),
        ("gpt-5-mini batch, input", ("gpt-5-mini", "batch", "input")),
        ("gpt-4o, batch", ("gpt-4o", "batch", ANY)),
        ("gpt-4o (batch)", ("gpt-4o", "batch", ANY)),
        ("gpt-4o, input (batch), batch", ("gpt-4o", "batch", "input")),
        ("input, batch", (ANY, "batch", "input")),
        ("ft:gpt-4o:acme, inc:x, input, batch", ("ft:gpt-4o:acme, inc:x", "batch", "input")),
    ],
)
def test_a_tier_is_taken_from_wherever_it_stands(item: str, expected: tuple[str, str, str]) -> None:
    assert read_line_item(item) == expected


@pytest.mark.parametrize(
    ("item", "model"),
    [
        ("gpt-5.6-luna, something new", "gpt-5.6-luna"),
        ("gpt-5.6-luna, moonbeams, batch", "gpt-5.6-luna"),
        ("gpt-5.6-luna (flex), moonbeams", "gpt-5.6-luna"),
        ("gpt-4o, input, output", "gpt-4o"),
        ("gpt-4o, batch, flex, input", "gpt-4o"),
        ("gpt-4o, input, scale", "gpt-4o"),
        ("gpt-4o input", ANY),
        ("gpt-", ANY),
        ("batch", ANY),
        ("brand-new-1", ANY),
        ("brand-new-1, batch", ANY),
        ("Credit grant", ANY),
        ("o11y, moonbeams", ANY),
        ("ft:gpt-4o:acme, inc:x", ANY),
        ("ft:gpt-4o:acme, inc:x, moonbeams", ANY),
        ("nice words, a model, input", ANY),
    ],
)
def test_what_is_not_understood_stays_whole(item: str, model: str) -> None:
    assert read_line_item(item) == (model, ANY, "other")


def test_a_word_of_a_name_is_no_tier() -> None:
    assert read_line_item("acme priority, input") == ("acme priority", ANY, "input")


@given(st.text("gpto-4 ,()_batchinputflex:", max_size=40) | st.text(max_size=40))
def test_no_text_is_too_odd(item: str) -> None:
    model, tier, meter = read_line_item(item)

    assert model in {ANY, item.strip()} or item.strip().startswith(model)
    assert tier in {ANY, "batch", "flex", "priority"}
    assert meter
