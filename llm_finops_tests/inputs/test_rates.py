"""Rate files: our columns, and the European Central Bank's three forms; what is no rate is not taken for one."""

from pathlib import Path

import pytest

from llm_finops.core.currencies import FxRate
from llm_finops.inputs.files import InputError
from llm_finops.inputs.rates import RateFiles, read_rates

# As the bank writes them: a comma at the end, N/A where a currency is gone, the date spelled out in the daily file.
HIST = """Date,USD,JPY,CYP,GBP,
2026-11-23,1.1527,180.5,N/A,0.88013,
2026-11-20,1.152,180,N/A,0.8797,
1999-01-04,1.1789,133.73,0.58231,0.7111,
"""
DAILY = "Date, USD, JPY, GBP, \n23 November 2026, 1.1527, 180.50, 0.88013, \n"
PORTAL = """KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,CONF,TITLE,UNIT_MULT
EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2026-11-20,1.152,A,F,"US dollar/Euro, 2:15 pm",0
EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2026-11-21,,H,F,"US dollar/Euro, 2:15 pm",0
EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2026-11-23,1.1527,A,F,"US dollar/Euro, 2:15 pm",0
EXR.M.USD.EUR.SP00.A,M,USD,EUR,SP00,A,2026-10,1.16,A,F,"US dollar/Euro, 2:15 pm",0
EXR.D.KRW.EUR.SP00.A,D,KRW,EUR,SP00,A,2026-11-23,1.7,A,F,"in thousands",3
"""
SINCE = "2026-11-10"


def read(tmp_path: Path, *texts: str, form: str = "csv", columns: dict[str, str] | None = None) -> RateFiles:
    paths = []
    for i, text in enumerate(texts):
        paths.append(tmp_path / f"rates-{i}.csv")
        paths[-1].write_text(text, encoding="utf-8")
    return read_rates("ecb", paths, columns, form, SINCE)


def said(found: RateFiles) -> list[tuple[str, ...]]:
    return [rate[1:] for rate in found.rates]


def reasons(found: RateFiles) -> list[tuple[str, tuple[str, ...], str]]:
    return [(bad.detail, bad.days, bad.reason) for bad in found.quarantined]


def test_the_banks_history_as_it_comes(tmp_path: Path) -> None:
    found = read(tmp_path, HIST, form="ecb")
    assert said(found) == [
        ("2026-11-20", "EUR", "GBP", "0.8797"),
        ("2026-11-20", "EUR", "JPY", "180"),
        ("2026-11-20", "EUR", "USD", "1.152"),
        ("2026-11-23", "EUR", "GBP", "0.88013"),
        ("2026-11-23", "EUR", "JPY", "180.5"),
        ("2026-11-23", "EUR", "USD", "1.1527"),
    ]
    assert (found.first, found.last, found.quarantined) == ("2026-11-20", "2026-11-23", [])


def test_the_banks_daily_file_says_the_same_of_its_day(tmp_path: Path) -> None:
    assert said(read(tmp_path, DAILY, form="ecb")) == said(read(tmp_path, HIST, form="ecb"))[3:]
    both = read(tmp_path, HIST, DAILY, form="ecb")
    assert said(both) == said(read(tmp_path, HIST, form="ecb"))
    assert both.duplicates == 3


def test_the_data_portals_rows(tmp_path: Path) -> None:
    found = read(tmp_path, PORTAL, form="ecb")
    assert said(found) == [("2026-11-20", "EUR", "USD", "1.152"), ("2026-11-23", "EUR", "USD", "1.1527")]
    assert reasons(found) == [
        ("line 5", ("2026-11-20", "2026-11-23"), "expected a date such as 2026-11-23, saw '2026-10'"),
        ("line 6", ("2026-11-23",), "expected a decimal number such as 12.50, saw '(UNIT_MULT 3)'"),
    ]


def test_our_columns_by_any_name(tmp_path: Path) -> None:
    text = "valid_on;base;quote;rate;note\n2026-11-20;usd; eur ;0.87;from treasury\n2026-11-20;USD;EUR;0.870;again\n"
    found = read(tmp_path, text, columns={"date": "valid_on"})
    assert found.rates == [FxRate("ecb", "2026-11-20", "USD", "EUR", "0.87")]
    assert (found.duplicates, found.quarantined) == (1, [])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-11-20,USD,EUR,0", "expected a rate above 0, saw '0'"),
        ("2026-11-20,USD,EUR,-0.87", "expected a rate above 0, saw '-0.87'"),
        ("2026-11-20,USD,EUR,NaN", "expected a decimal number such as 12.50, saw 'NaN'"),
        ("2026-11-20,USD,EUR,inf", "expected a decimal number such as 12.50, saw 'inf'"),
        ("2026-11-20,USD,EUR,", "no rate of USD and EUR"),
        ('2026-11-20,USD,EUR,"0,87"', "expected a decimal number such as 12.50, saw '0,87'"),
        ("2026-11-20,USD,USD,1", "expected two currencies, saw USD twice"),
        ("2026-11-20,$,EUR,0.87", "expected a three-letter currency code, saw '$'"),
        ("2026-11-31,USD,EUR,0.87", "expected a date such as 2026-11-23, saw '2026-11-31'"),
        ("20.11.2026,USD,EUR,0.87", "expected a date such as 2026-11-23, saw '20.11.2026'"),
        ("2206-11-20,USD,EUR,0.87", "expected a date such as 2026-11-23, saw '2206-11-20'"),
        ("2026-11-20,USD,EUR", "not a row of the file"),
    ],
)
def test_what_is_no_rate_is_quarantined_with_its_line_and_the_others_count(tmp_path: Path, row: str, why: str) -> None:
    found = read(tmp_path, f"date,base,quote,rate\n{row}\n2026-11-19,EUR,GBP,0.88\n")
    assert said(found) == [("2026-11-19", "EUR", "GBP", "0.88")]
    ((detail, days, reason),) = reasons(found)
    assert reason == why
    assert detail.startswith("line 2")
    assert days == (("2026-11-20",) if row.startswith("2026-11-20,") and row.count(",") > 2 else ("2026-11-19",))


def test_a_line_of_the_bank_without_a_date_is_told_once(tmp_path: Path) -> None:
    found = read(tmp_path, HIST.replace("2026-11-20", "yesterday"), form="ecb")
    assert [(bad[0], bad[2]) for bad in reasons(found)] == [
        ("line 3", "expected a date such as 2026-11-23, saw 'yesterday'")
    ]
    zero = read(tmp_path, HIST.replace("1.152,", "0,"), form="ecb")
    assert reasons(zero) == [("line 3 USD", ("2026-11-20",), "expected a rate above 0, saw '0'")]


@pytest.mark.parametrize("apart", [False, True])
def test_two_rates_of_a_pair_and_a_date_refuse_the_source_and_name_both_places(tmp_path: Path, apart: bool) -> None:
    head = "date,base,quote,rate\n"
    one, other = "2026-11-20,USD,EUR,0.87\n", "2026-11-20,USD,EUR,0.88\n"
    texts = [head + one, head + other] if apart else [head + one + other]
    with pytest.raises(InputError) as refused:
        read(tmp_path, *texts)
    places = ("rates-0.csv:2", "rates-1.csv:2") if apart else ("rates-0.csv:2", "rates-0.csv:3")
    for seen in (*places, "USD/EUR of 2026-11-20 is 0.88, but 0.87"):
        assert seen in str(refused.value)


@pytest.mark.parametrize(
    ("rate", "reverse", "refused"),
    [
        ("1.25", "1.25", True),
        ("1.25", "0.79", True),  # 1.25 %
        ("1.25", "0.808", False),  # 1 %
        ("1.1527", "0.8675", False),
        ("161", "0.0062", False),
        ("1", "1", False),
    ],
)
def test_a_rate_and_its_reverse_are_one_price_or_refused(
    tmp_path: Path, rate: str, reverse: str, refused: bool
) -> None:
    text = f"date,base,quote,rate\n2026-11-20,EUR,USD,{rate}\n2026-11-20,USD,EUR,{reverse}\n"
    text += "2026-11-21,USD,EUR,1.25\n"  # of another date
    if not refused:
        assert len(read(tmp_path, text).rates) == 3
        return
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert f"rates-0.csv:3: USD/EUR of 2026-11-20 is {reverse}, but EUR/USD is {rate} at" in str(error.value)
    assert "are base and quote swapped?" in str(error.value)


@pytest.mark.parametrize(
    ("text", "form", "why"),
    [
        ("date,base,quote,rate\n", "csv", "rates.ecb: its files hold no rate; expected rows of date, base, quote"),
        ("date,base,quote,rate\n2026-11-20,USD,EUR,x\n", "csv", "no rate that counts, 1 rows are quarantined"),
        ("date,base,quote,rate\n2026-11-01,USD,EUR,1\n", "csv", "no rate from 2026-11-10 on, 1 before"),
        ("date,base,quote\n2026-11-01,USD,EUR\n", "csv", "rates-0.csv:1: no column 'rate'"),
        ("day,usd\n2026-11-20,1\n", "ecb", "rates-0.csv:1: not a file of the European Central Bank"),
        ("", "ecb", "rates-0.csv is empty"),
    ],
)
def test_a_file_without_any_rate_is_refused(tmp_path: Path, text: str, form: str, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, text, form=form)
    assert why in str(refused.value)
