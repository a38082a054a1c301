"""Cost files: FOCUS rows as cost lines by UTC day, exactly; what cannot be counted is kept apart."""

import csv
import random
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.records import ANY, NONE, CostLine
from llm_finops.inputs.costs import CostFiles, read_costs
from llm_finops.inputs.files import InputError

GOOD = {
    "BilledCost": "3.00",
    "EffectiveCost": "2.50",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-09-01T00:00:00Z",
    "ChargePeriodEnd": "2026-09-02T00:00:00Z",
    "ChargeDescription": "GPU hours",
    "ProviderName": "AWS",
}


def read(tmp_path: Path, *rows: dict[str, str], columns: dict[str, str] | None = None) -> CostFiles:
    path = tmp_path / "costs.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, sorted({name for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    found = read_costs("aws", [path], columns)
    assert found.rows == len(rows)
    return found


def only(found: CostFiles) -> CostLine:
    (lines,) = found.days.values()
    (line,) = lines
    return line


def test_a_row_becomes_a_line_of_its_account_and_day(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            **GOOD,
            "ServiceName": "Bedrock",
            "SubAccountId": "123",
            "ConsumedQuantity": "1.5",
            "ConsumedUnit": "Hours",
            "ListCost": "4",
            "Tags": '{"team": "b", "a": 1}',
        },
    )
    assert list(found.days) == ["2026-09-01"]
    line = only(found)
    assert re.fullmatch(r"[0-9a-f]{32}-1", line.line_id)
    assert line._replace(line_id="") == CostLine(
        line_id="",
        account="aws",
        provider="AWS",
        project="123",
        api_key=ANY,
        model=ANY,
        service_tier=ANY,
        context_band=ANY,
        line_item="Bedrock: GPU hours",
        meter=ANY,
        quantity=1500,
        unit="milliHours",
        charge_category="usage",
        charge_class=NONE,
        basis="reported",
        currency="USD",
        amount_nano=2_500_000_000,
        billed_nano=3_000_000_000,
        provider_list_nano=4_000_000_000,
        amount_text="2.50",
        tags='{"a":"1","team":"b"}',
        period_from="2026-09-01T00:00:00Z",
        period_until="2026-09-02T00:00:00Z",
        invoice_line_id=None,
    )


def test_a_prepaid_purchase_is_billed_and_costs_nothing_yet(tmp_path: Path) -> None:
    line = only(read(tmp_path, {**GOOD, "ChargeCategory": "Purchase", "BilledCost": "50000", "EffectiveCost": "0.00"}))
    assert (line.charge_category, line.amount_nano, line.billed_nano) == ("purchase", 0, 50_000 * 10**9)


def test_without_an_effective_cost_the_billed_one_is_the_amount(tmp_path: Path) -> None:
    assert only(read(tmp_path, {**GOOD, "EffectiveCost": "NULL"})).amount_nano == 3 * 10**9
    bare = {name: value for name, value in GOOD.items() if name != "EffectiveCost"}
    assert only(read(tmp_path, bare)).amount_nano == 3 * 10**9


def test_a_column_that_is_there_and_empty_is_not_a_column_that_is_absent(tmp_path: Path) -> None:
    line = only(read(tmp_path, {**GOOD, "model": "", "my key": "k1"}, columns={"model": "model", "api_key": "my key"}))
    assert (line.model, line.api_key, line.meter, line.project) == (NONE, "k1", ANY, ANY)


def test_our_names_may_stand_for_other_columns(tmp_path: Path) -> None:
    renamed = {"Kosten": "1.25", "Währung": "eur", "Tag": "2026-09-01"}
    columns = {"BilledCost": "Kosten", "BillingCurrency": "Währung", "ChargePeriodStart": "Tag"}
    line = only(read(tmp_path, renamed, columns=columns))
    assert (line.amount_nano, line.currency, line.provider, line.line_item) == (1_250_000_000, "EUR", "aws", NONE)


def test_hours_of_a_day_are_on_their_day_half_open(tmp_path: Path) -> None:
    rows = [
        {**GOOD, "ChargePeriodStart": "2026-09-01 23:00:00", "ChargePeriodEnd": "2026-09-02 00:00:00"},
        {**GOOD, "ChargePeriodStart": "2026-09-02T01:00:00+02:00", "ChargePeriodEnd": "2026-09-02T02:00:00+02:00"},
        {**GOOD, "ChargePeriodStart": "2026-09-02", "ChargePeriodEnd": ""},
    ]
    found = read(tmp_path, *rows)
    assert {day: len(lines) for day, lines in found.days.items()} == {"2026-09-01": 2, "2026-09-02": 1}


@given(
    amount=st.decimals(-(10**9), 10**9, places=12, allow_nan=False),
    days=st.integers(1, 400),
    digits=st.integers(0, 12),
)
def test_a_longer_period_is_spread_evenly_and_adds_up(
    tmp_path_factory: pytest.TempPathFactory, amount: Decimal, days: int, digits: int
) -> None:
    from datetime import date, timedelta

    text = f"{amount:.{digits}f}"
    until = (date(2026, 1, 1) + timedelta(days=days)).isoformat()
    row = {
        **GOOD,
        "ChargePeriodStart": "2026-01-01",
        "ChargePeriodEnd": until,
        "EffectiveCost": text,
        "BilledCost": "1",
    }
    found = read(tmp_path_factory.getbasetemp(), row)
    shares = [line.amount_nano for lines in found.days.values() for line in lines]
    assert len(shares) == days
    assert max(shares) - min(shares) <= 1
    assert sum(shares) == round(Fraction(text) * 10**9), "rounded once, half-even, before it is split"
    assert sum(line.billed_nano for lines in found.days.values() for line in lines) == 10**9


def test_a_month_in_31_parts_is_the_month(tmp_path: Path) -> None:
    month = {**GOOD, "ChargePeriodStart": "2026-10-01", "ChargePeriodEnd": "2026-11-01", "EffectiveCost": "100"}
    found = read(tmp_path, {**month, "ConsumedQuantity": "100", "ConsumedUnit": "Hours"})
    lines = [line for lines in found.days.values() for line in lines]
    assert (len(lines), sum(line.amount_nano for line in lines), sum(line.quantity or 0 for line in lines)) == (
        31,
        100 * 10**9,
        100,
    )
    assert {line.quantity for line in lines} == {3, 4}
    assert {(line.period_from, line.period_until) for line in lines} == {
        ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
    }


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"EffectiveCost": "1,234.56"}, "saw '1,234.56'"),
        ({"EffectiveCost": "NaN"}, "saw 'NaN'"),
        ({"EffectiveCost": "1e999"}, "saw '1e999'"),
        ({"EffectiveCost": "$3"}, "saw '$3'"),
        ({"EffectiveCost": "99999999999"}, "64-bit"),
        ({"EffectiveCost": "", "BilledCost": ""}, "neither EffectiveCost nor BilledCost"),
        ({"BillingCurrency": ""}, "three-letter currency code, saw None"),
        ({"ChargeCategory": "Refund"}, "charge category 'refund'; expected usage, tax, credit"),
        ({"ChargePeriodStart": ""}, "no start of the period"),
        ({"ChargePeriodStart": "9/1/26"}, "saw '9/1/26'"),
        ({"ChargePeriodStart": "0001-01-01"}, "expected a year from 2000 to 2099"),
        ({"ChargePeriodEnd": "2026-09-01T00:00:00Z"}, "ends at or before its start"),
        ({"ChargePeriodEnd": "2099-01-01"}, "a period of"),
        ({"ConsumedQuantity": "x", "ConsumedUnit": "GB"}, "saw 'x'"),
    ],
)
def test_a_row_that_cannot_be_counted_is_kept_apart_with_what_was_seen(
    tmp_path: Path, cells: dict[str, str], reason: str
) -> None:
    found = read(tmp_path, GOOD, {**GOOD, **cells})
    (bad,) = found.quarantined
    assert reason in bad.reason
    assert (Path(bad.file).name, bad.detail) == ("costs.csv", "line 3")
    assert sum(len(lines) for lines in found.days.values()) == 1


def test_tags_that_cannot_be_read_cost_no_money(tmp_path: Path) -> None:
    found = read(tmp_path, *({**GOOD, "Tags": tags} for tags in ("team=a", '["a"]', '{"a": 1, "a": 2}')))
    assert [(f.day, f.kind) for f in found.findings] == [("2026-09-01", "tags unreadable")] * 3
    assert [line.tags for line in found.days["2026-09-01"]] == ["{}"] * 3
    assert found.quarantined == []


def test_ids_of_lines_do_not_depend_on_order_or_amount_and_equal_rows_both_count(tmp_path: Path) -> None:
    rows = [
        {**GOOD, "ResourceId": name, "EffectiveCost": cost}
        for name, cost in (("a", "1"), ("a", "2"), ("b", "1"), ("b", "1"))
    ]
    before = read(tmp_path, *rows).days["2026-09-01"]
    random.Random(2).shuffle(rows)
    assert read(tmp_path, *rows).days["2026-09-01"] == before
    assert len({line.line_id for line in before}) == 4
    restated = read(tmp_path, *({**row, "EffectiveCost": row["EffectiveCost"] + "5"} for row in rows)).days[
        "2026-09-01"
    ]
    assert [line.line_id for line in restated] == [line.line_id for line in before]


def test_a_file_delivered_twice_is_counted_once_and_said(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    copy = tmp_path / "again.csv"
    copy.write_bytes((tmp_path / "costs.csv").read_bytes())
    found = read_costs("aws", [tmp_path / "costs.csv", copy])
    assert only(found).amount_nano == 2_500_000_000
    assert [(f.day, f.kind, f.subject) for f in found.findings] == [("2026-09-01", "file delivered twice", "costs.csv")]


@pytest.mark.parametrize(
    ("header", "columns", "message"),
    [
        ("BilledCost,ChargePeriodStart\n1,2026-09-01\n", {}, r"costs\.csv:1: no column 'BillingCurrency'"),
        ("BillingCurrency,ChargePeriodStart\nUSD,2026-09-01\n", {}, "no column EffectiveCost or BilledCost"),
        ("a\n", {"Cost": "a"}, r"costs\.aws\.columns: unknown 'Cost'; allowed are BilledCost"),
    ],
)
def test_a_file_that_lacks_what_every_line_needs_is_refused(
    tmp_path: Path, header: str, columns: dict[str, str], message: str
) -> None:
    (tmp_path / "costs.csv").write_text(header)
    with pytest.raises(InputError, match=message):
        read_costs("aws", [tmp_path / "costs.csv"], columns)


def test_days_weigh_by_their_part_of_a_period_that_does_not_begin_at_midnight(tmp_path: Path) -> None:
    local = {**GOOD, "ChargePeriodStart": "2026-08-31T22:00:00Z", "ChargePeriodEnd": "2026-09-30T22:00:00Z"}
    found = read(tmp_path, {**local, "EffectiveCost": "720"})
    amounts = {day: line.amount_nano for day, (line,) in found.days.items()}
    assert (len(amounts), sum(amounts.values())) == (31, 720 * 10**9)
    assert (amounts["2026-08-31"], amounts["2026-09-15"], amounts["2026-09-30"]) == (2 * 10**9, 24 * 10**9, 22 * 10**9)


def test_blanks_around_a_currency_are_no_fault_and_around_an_amount_they_are(tmp_path: Path) -> None:
    found = read(tmp_path, {**GOOD, "BillingCurrency": " usd "}, {**GOOD, "EffectiveCost": " 12 "})
    assert only(found).currency == "USD"
    assert [bad.reason for bad in found.quarantined] == ["expected a decimal number such as 12.50, saw ' 12 '"]


def test_a_row_that_is_not_counted_knows_its_days_or_those_of_its_file(tmp_path: Path) -> None:
    month = {"ChargePeriodStart": "2026-09-30", "ChargePeriodEnd": "2026-10-02"}
    found = read(tmp_path, GOOD, {**GOOD, **month, "EffectiveCost": "x"}, {**GOOD, "ChargePeriodStart": "someday"})
    assert [(bad.detail, bad.days, bad.dated) for bad in sorted(found.quarantined, key=lambda bad: bad.detail)] == [
        ("line 3", ("2026-09-30", "2026-10-01"), True),
        ("line 4", ("2026-09-01",), False),
    ]


def test_the_same_row_in_two_files_counts_twice_and_is_said(tmp_path: Path) -> None:
    rows = [{**GOOD, "ResourceId": name} for name in "abb"]
    read(tmp_path, *rows)
    first = (tmp_path / "costs.csv").rename(tmp_path / "a.csv")
    read(tmp_path, *rows[1:], {**GOOD, "ResourceId": "a", "EffectiveCost": "7"})
    found = read_costs("aws", [tmp_path / "costs.csv", first])
    assert len(found.days["2026-09-01"]) == 6
    ((day, account, kind, subject, _, rows_told, detail),) = found.findings
    assert (day, account, kind, subject, rows_told) == (
        "2026-09-01",
        "aws",
        "same row in two files",
        "costs.csv",
        2,
    )
    assert "2 rows of costs.csv also stand in a.csv" in detail
