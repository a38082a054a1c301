"""Bodies: strict JSON with exact numbers, or a reason."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.connectors._answers import complaint, inflate, read_object, shown
from llm_finops.connectors.contract import NotWhole

SUITE = Path(__file__).parents[3] / "shared/data/json-test-suite/test_parsing"


def test_every_malformed_body_of_the_json_test_suite_is_refused() -> None:
    if not SUITE.is_dir():
        pytest.skip(f"no JSONTestSuite at {SUITE}")
    bodies = sorted(SUITE.glob("n_*.json"))
    assert len(bodies) > 150
    for path in bodies:
        with pytest.raises(NotWhole):
            read_object(path.read_bytes(), "application/json")


def test_every_wellformed_object_of_the_json_test_suite_is_read() -> None:
    if not SUITE.is_dir():
        pytest.skip(f"no JSONTestSuite at {SUITE}")
    refused = set()
    for path in sorted(SUITE.glob("y_object*.json")):
        try:
            read_object(path.read_bytes(), "application/json")
        except NotWhole:
            refused.add(path.stem)

    assert refused == {"y_object_duplicated_key", "y_object_duplicated_key_and_value"}


def test_numbers_are_exact() -> None:
    body = b'{"a": 0.1, "b": 6e-2, "c": 9007199254740993, "d": 1e999, "e": 1.2500000000}'

    assert read_object(body, "") == {
        "a": Decimal("0.1"),
        "b": Decimal("0.06"),
        "c": 2**53 + 1,
        "d": Decimal("1e999"),
        "e": Decimal("1.25"),
    }


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1" * 5_000, "1e99999999999999999999"])
def test_what_is_no_number_of_ours_is_refused(number: str) -> None:
    with pytest.raises(NotWhole, match="expected JSON"):
        read_object(f'{{"a": {number}}}'.encode(), "application/json")


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(NotWhole, match="nested too deeply"):
        read_object(b'{"a":' * 100_000, "application/json")


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()), st.data())
def test_no_cut_of_a_body_is_a_body(value: dict[str, object], data: st.DataObject) -> None:
    body = json.dumps(value).encode()
    cut = data.draw(st.integers(0, len(body) - 1))

    with pytest.raises(NotWhole):
        read_object(body[:cut], "application/json")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    try:
        found = read_object(body, "application/json")
    except NotWhole:
        return
    assert found == json.loads(body)


def test_html_is_shown_as_the_text_a_person_would_see() -> None:
    body = b"<html><head><style>p{x:y}</style><script>evil()</script></head><p>We are   <b>down</b></p>"

    assert shown(body) == "We are down"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"message": "no\nway", "type": "t", "param": "p", "code": "c"}}, ("no way", "c", "p")),
        ({"type": "error", "error": {"type": "t", "message": "m"}}, ("m", "t", "")),
        ({"error": {"message": None, "type": None, "param": None, "code": None}}, ("", "", "")),
    ],
)
def test_both_forms_of_an_error_body_are_understood(body: dict[str, object], expected: tuple[str, str, str]) -> None:
    assert complaint(json.dumps(body).encode()) == expected


def test_an_error_body_in_no_form_is_shown() -> None:
    assert complaint(b'{"error": "nope"}') == ('{"error": "nope"}', "", "")
    assert complaint(b"<h1>Bad gateway</h1>") == ("Bad gateway", "", "")


def test_a_body_of_just_the_limit_passes_and_a_byte_more_does_not() -> None:
    assert inflate([b"12345", b"67890"], "", bytes_max=10) == b"1234567890"
    with pytest.raises(NotWhole, match="over"):
        inflate([b"12345", b"678901"], "identity", bytes_max=10)
