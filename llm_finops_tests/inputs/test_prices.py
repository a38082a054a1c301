"""Price files: what is read, and how what cannot be read is refused, by file and line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.money import nano_text
from llm_finops.core.price import PriceBook, quote
from llm_finops.core.records import BEGINNING, FOREVER, NONE, Price
from llm_finops.inputs.files import InputError
from llm_finops.inputs.prices import read_prices

HEADER = "provider,model,service_tier,context_band,meter,price_per_million,currency,from,until"
ROW = "openai,gpt-5,standard,,output,9.50,USD,2026-09-01,2026-10-01"


def write(folder: Path, *lines: str, name: str = "ours.csv", header: str = HEADER) -> Path:
    path = folder / name
    path.write_text("\n".join((header, *lines, "")), encoding="utf-8")
    return path


def refused(*paths: Path) -> str:
    with pytest.raises(InputError) as error:
        read_prices(paths)
    return str(error.value)


def test_a_row_is_a_price_in_nano_units_a_million_with_its_file_as_source(tmp_path: Path) -> None:
    assert read_prices([write(tmp_path, ROW)]) == [
        Price(
            *("openai", "gpt-5", "standard", NONE, "output", "USD", 9_500_000_000),
            *("2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z", "contract:ours.csv"),
        )
    ]


def test_tier_band_and_dates_may_be_empty_or_have_no_column(tmp_path: Path) -> None:
    short = write(
        tmp_path, "OpenAI, gpt-5 ,output,0.000000001,usd", header="provider,model,meter,price_per_million,currency"
    )
    long = write(tmp_path, "openai,gpt-5,,,output,0.000000001,USD,,", name="long.csv")
    told = Price(*("openai", "gpt-5", "standard", NONE, "output", "USD", 1, BEGINNING, FOREVER, "contract:ours.csv"))
    assert read_prices([short]) == [told]
    assert read_prices([long]) == [told._replace(source="contract:long.csv")]


def test_default_and_auto_are_the_standard_tier_and_bands_have_one_spelling(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "openai,a,default,0-200000,output,1,USD,,",
        "openai,b,AUTO,200k-1000k,output,1,USD,,",
        "openai,c,Batch,(none),output,1,USD,,",
    )
    assert [(row.service_tier, row.context_band) for row in read_prices([path])] == [
        ("standard", "0-200k"),
        ("standard", "200k-1M"),
        ("batch", NONE),
    ]


def test_a_file_of_a_spreadsheet_is_read_as_one_of_an_editor(tmp_path: Path) -> None:
    plain = read_prices([write(tmp_path, ROW)])
    windows = tmp_path / "windows" / "ours.csv"
    windows.parent.mkdir()
    windows.write_bytes(f"{HEADER}\r\n{ROW}\r\n".replace(",", ";").encode("utf-8-sig"))
    assert read_prices([windows]) == plain


def test_times_with_an_offset_are_utc_and_a_price_changes_at_whole_seconds_only(tmp_path: Path) -> None:
    path = write(tmp_path, "openai,a,,,output,1,USD,2026-09-01T02:00:00+02:00,2026-09-01 12:30")
    assert [(row.valid_from, row.valid_until) for row in read_prices([path])] == [
        ("2026-09-01T00:00:00Z", "2026-09-01T12:30:00Z")
    ]
    fine = write(tmp_path, "openai,a,,,output,1,USD,2026-09-01T00:00:00.5Z,", name="fine.csv")
    assert "fine.csv:2: expected whole seconds" in refused(fine)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",gpt-5,,,output,1,USD,,", "provider is empty"),
        ("openai,gpt-5,,,output,,USD,,", "price_per_million is empty"),
        ("openai,gpt-5,,,outputs,1,USD,,", "no meter 'outputs'; prices are for one of input_uncached"),
        ("openai,gpt-5,,,input,1,USD,,", "no meter 'input'"),
        ('openai,gpt-5,,,output,"1,250.00",USD,,', "expected a decimal number"),
        ("openai,gpt-5,,,output,-1,USD,,", "a price of 0 or more, saw -1"),
        ("openai,gpt-5,,,output,NaN,USD,,", "expected a decimal number"),
        ("openai,gpt-5,,,output,0.0000000001,USD,,", "at most 9 decimals"),
        ("openai,gpt-5,,,output,10000000000,USD,,", "do not fit"),
        ("openai,gpt-5,,,output,1,$,,", "three-letter currency code"),
        ("openai,gpt-5,,long,output,1,USD,,", "expected a context band such as 0-200k"),
        ("openai,gpt-5,,,output,1,USD,01/09/2026,", "expected a date such as 2026-09-01"),
        ("openai,gpt-5,,,output,1,USD,2026-02-30,", "expected a date such as 2026-09-01"),
        ("openai,gpt-5,,,output,1,USD,2026-09-01,2026-09-01", "until is exclusive"),
        ("openai,gpt-5,,,output,1,USD", "7 cells"),
    ],
)
def test_a_row_that_cannot_be_read_refuses_the_file_and_names_the_line(tmp_path: Path, row: str, said: str) -> None:
    message = refused(write(tmp_path, ROW, row))
    assert "ours.csv" in message
    assert "3" in message.split("ours.csv", 1)[1]
    assert said in message


def test_a_header_that_lacks_a_column_or_has_an_unknown_one_is_refused(tmp_path: Path) -> None:
    assert "no column 'currency'" in refused(
        write(tmp_path, "a,b,output,1", header="provider,model,meter,price_per_million")
    )
    message = refused(write(tmp_path, ROW, header=HEADER.replace("service_tier", "tier")))
    assert "ours.csv:1: unknown column 'tier'; expected provider, model" in message


def test_two_rows_for_the_same_at_one_time_are_refused_with_both_lines(tmp_path: Path) -> None:
    one = write(tmp_path, ROW, ROW.replace("gpt-5", "gpt-6"))
    other = write(tmp_path, "openai,GPT-5,,200k-,output,9,USD,2026-09-30,", name="z.csv")
    message = refused(one, other)
    assert "ours.csv:2" in message
    assert "z.csv:2" in message
    assert "ours.csv:3" not in message


def test_equal_rows_are_refused_but_a_file_delivered_twice_is_read_once(tmp_path: Path) -> None:
    assert "ours.csv:3: the same price as" in refused(write(tmp_path, ROW, ROW))
    paths = [write(tmp_path, ROW, name=name) for name in ("a.csv", "b.csv")]
    assert [row.source for row in read_prices(paths)] == ["contract:a.csv"]


def test_neighbouring_periods_and_bands_do_not_overlap(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        ROW,
        "openai,gpt-5,,0-200k,output,9,USD,2026-10-01,",
        "openai,gpt-5,,200k-,output,9,USD,2026-10-01,",
        "openai,gpt-5,batch,,output,9,USD,,",
    )
    assert len(PriceBook(read_prices([path])).rows) == 4


def test_no_file_is_no_price(tmp_path: Path) -> None:
    assert read_prices([]) == []
    assert read_prices([write(tmp_path)]) == []
    assert "cannot be read" in refused(tmp_path / "none.csv")


def test_the_order_of_files_and_rows_changes_nothing(tmp_path: Path) -> None:
    rows = [ROW.replace("gpt-5", f"gpt-{n}") for n in range(6)]
    forth = read_prices([write(tmp_path, *rows[:3]), write(tmp_path, *rows[3:], name="b.csv")])
    back = read_prices([write(tmp_path, *rows[:2:-1], name="b.csv"), write(tmp_path, *rows[2::-1])])
    assert forth == back


@given(st.integers(0, 10**15))
def test_a_price_is_read_to_its_last_digit(tmp_path_factory: pytest.TempPathFactory, nano: int) -> None:
    row = f"openai,gpt-5,,,output,{nano_text(nano)},USD,,"
    prices = read_prices([write(tmp_path_factory.mktemp("prices"), row)])
    assert [price.price_nano for price in prices] == [nano]
    made = quote(PriceBook(prices), "openai", "gpt-5", "standard", "2026-09-01T00:00:00Z", {"output": 10**6})
    assert made.text(made.total) == nano_text(nano)
