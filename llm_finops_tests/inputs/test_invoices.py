"""Invoice files: whole invoices or none, by the month of their period, whatever the exporter calls things."""

from pathlib import Path

import pytest

from llm_finops.inputs.files import InputError
from llm_finops.inputs.invoices import NOT_ADDING_UP, ODD_PERIOD, InvoiceFiles, doubts, read_invoices

HEAD = "InvoiceId,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,BilledCost,BillingCurrency"
GOOD = "A,2026-09-01,2026-10-01,Usage,1.10,USD"


def read(tmp_path: Path, *rows: str, head: str = HEAD, **columns: str) -> InvoiceFiles:
    path = tmp_path / "i.csv"
    path.write_text("\n".join([head, *rows, ""]), "utf-8")
    return read_invoices("acme", [path], columns)


def test_one_file_holds_several_invoices_and_rows_without_a_number(tmp_path: Path) -> None:
    found = read(
        tmp_path, GOOD, "B,2026-10-01,,tax,-0.1,eur", "A,2026-09-01,2026-10-01,Credit,-1e-1,USD", ",2026-09-01,,,1,USD"
    )
    a, b = (document.invoice for document in found.documents)
    assert (a.month, a.number, a.usage_nano, a.credit_nano, a.total_nano, a.lines) == (
        "2026-09",
        "A",
        1_100_000_000,
        -100_000_000,
        10**9,
        2,
    )
    assert (b.month, b.period_until, b.tax_nano, b.currency) == ("2026-10", "2026-11-01T00:00:00Z", -100_000_000, "EUR")
    ((reason, *_, month, number, rows),) = found.bad
    assert (reason, month, number, rows) == ("no InvoiceId: the charge is on no invoice yet", "2026-09", "", 1)
    assert found.rows == 4 == sum(of.invoice.lines for of in found.documents) + sum(bad.rows for bad in found.bad)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("A,2026-09-01,2026-10-01,Tax,1_0,USD", "expected a decimal number such as 12.50, saw '1_0'"),
        ("A,2026-09-01,2026-10-01,Tax,,USD", "no BilledCost"),
        ("A,2026-09-01,2026-10-01,Taxes,1,USD", "charge category 'taxes'; expected usage, tax,"),
        ("A,2026-09-01,2026-10-01,Tax,1,dollars", "expected a three-letter currency code, saw 'dollars'"),
        ("A,2026-09-01,2026-10-01,Tax,1,EUR", "more than one BillingCurrency (EUR and USD)"),
        ("A,2026-08-01,2026-09-01,Tax,1,USD", "more than one billing period"),
        ("A,soon,2026-10-01,Tax,1,USD", "expected a date such as"),
        ("A,2026-09-01,2026-10-01,Tax,99999999999,USD", "do not fit a 64-bit column"),
    ],
)
def test_a_line_that_cannot_be_counted_refuses_its_whole_invoice_and_no_other(
    tmp_path: Path, row: str, why: str
) -> None:
    found = read(tmp_path, GOOD, row, "B,2026-09-01,2026-10-01,,2,USD")
    assert [of.invoice.number for of in found.documents] == ["B"]
    (bad,) = found.bad
    assert why in bad.reason
    assert (bad.number, bad.rows, bad.month) == ("A", 2, "2026-08" if "2026-08" in row else "2026-09")
    assert bad.place == ("line 2" if "more than one" in why else "line 3")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("A,2026-09-01,2026-10-01,Tax,1,200.00,USD", "line 3: 7 cells (not a row of the file) may be of any invoice"),
        ("A,2026-09-01", "line 3: 2 cells (not a row of the file) may be of any invoice"),
        ("A,2026-09-01,2026-10-01,T\0ax,1,USD", "line 3 (NUL character) may be of any invoice"),
    ],
)
def test_a_line_that_does_not_show_its_number_refuses_every_invoice_of_its_file(
    tmp_path: Path, row: str, why: str
) -> None:
    other = tmp_path / "whole.csv"
    other.write_text(f"{HEAD}\n{GOOD.replace('A,', 'C,')}\n", "utf-8")
    (tmp_path / "i.csv").write_text(f"{HEAD}\n{GOOD}\n{row}\nB,2026-09-01,2026-10-01,,2,USD\n", "utf-8")
    found = read_invoices("acme", [tmp_path / "i.csv", other])
    assert [of.invoice.number for of in found.documents] == ["C"]
    told = {bad.number: bad for bad in found.bad}
    assert set(told) == {"", "A", "B"}
    assert why in told["A"].reason
    assert why in told["B"].reason
    assert {bad.month for bad in found.bad} == {"2026-09"}
    assert found.rows == 4 == sum(of.invoice.lines for of in found.documents) + sum(bad.rows for bad in found.bad)


def test_their_names_of_columns_and_the_order_of_rows_say_nothing(tmp_path: Path) -> None:
    plain = read(tmp_path, GOOD, "A,2026-09-01,2026-10-01,Tax,0.2,USD").documents[0]
    head = HEAD.replace("InvoiceId", "number").replace("BilledCost", "sum")
    named = read(
        tmp_path, "A,2026-09-01,2026-10-01,Tax,0.20,USD", GOOD, head=head, InvoiceId="number", BilledCost="sum"
    ).documents[0]
    assert named.invoice == plain.invoice
    assert [row[:-1] for row in named.lines] == [row[:-1] for row in plain.lines]
    with pytest.raises(InputError, match=r"i\.csv:1: no column 'InvoiceId'; the columns are number,"):
        read(tmp_path, GOOD, head=head)
    with pytest.raises(InputError, match=r"invoices\.acme\.columns: unknown 'Number'; allowed are InvoiceId,"):
        read(tmp_path, GOOD, Number="x")


def test_a_period_that_is_no_month_and_a_total_of_its_own_are_told(tmp_path: Path) -> None:
    head = f"{HEAD},InvoiceTotal,InvoiceIssuer"
    (document,) = read(tmp_path, "A,2026-10-15,2026-11-15,,1,USD,1.05,Acme", head=head).documents
    of = document.invoice
    assert (of.issuer, of.month, of.unexplained_nano, of.total_nano) == ("Acme", "2026-10", 50_000_000, 1_050_000_000)
    told = {doubt.kind: doubt for doubt in doubts("acme", of)}
    assert told[ODD_PERIOD].detail == "invoice A is for 2026-10-15 to 2026-11-14; it is matched with 2026-10 as a whole"
    assert (told[NOT_ADDING_UP].amount, told[NOT_ADDING_UP].unit) == (50_000_000, "USD")
