"""Invoices beside reported costs, month by month: the state of each and the exact difference, by SQL."""

import random
from pathlib import Path

import pytest

from llm_finops_tests.pipeline.billed import DAY, INVOICE, MONTH, NEXT, Billed
from llm_finops_tests.pipeline.little import write_csv

CENT = 10_000_000
U = 10**9
USAGE = ("usage", "100.00")


@pytest.fixture
def company(root: Path) -> Billed:
    return Billed(root / "company").found()


@pytest.fixture
def at_store(root: Path, store: str) -> Billed:
    """The company on either store."""
    return Billed(root / "company", ledger_url=store).found()


def every_case(company: Billed) -> None:
    for name in ("equal", "higher", "lower", "parts", "taxed", "twice", "prepaid", "missing", "bought", "other"):
        company.costs(name, [("usage", "60.00"), ("usage", "40.00")])
    company.costs("costless", [])
    company.costs("finer", [("usage", "99.996000001")])
    company.costs("credited", [("usage", "100"), ("credit", "-5")])
    company.prepaid = {"prepaid", "bought"}
    company.invoice("equal", [USAGE])
    company.invoice("higher", [("usage", "100.01")])
    company.invoice("lower", [("usage", "99.99")])
    company.invoice("parts", [("usage", "70.00")], "INV-1")
    company.invoice("parts", [("usage", "20.00"), ("usage", "10.00")], "INV-2")
    company.invoice("taxed", [USAGE, ("tax", "19.00"), ("credit", "-5.00"), ("adjustment", "0.50")])
    company.invoice("twice", [USAGE, ("tax", "19.00")], file="first")
    company.invoice("twice", [("tax", "19.0"), ("usage", "1e2")], file="again")  # other order and spelling
    company.invoice("missing", [USAGE], month=NEXT)
    company.invoice("bought", [("purchase", "500.00")])
    company.invoice("costless", [("usage", "12.34")])
    company.invoice("other", [USAGE])
    company.invoice("finer", [USAGE])
    company.invoice("credited", [USAGE])
    company.write_config()


# account and category: reported, invoiced, difference, state
EXPECTED = {
    "equal usage": (100 * U, 100 * U, 0, "matched"),
    "higher usage": (100 * U, 100 * U + CENT, CENT, "differs"),
    "lower usage": (100 * U, 100 * U - CENT, -CENT, "differs"),
    "parts usage": (100 * U, 100 * U, 0, "matched"),
    "taxed usage": (100 * U, 100 * U, 0, "matched"),
    "taxed tax": (None, 19 * U, None, "invoice without cost"),
    "taxed credit": (None, -5 * U, None, "invoice without cost"),
    "taxed adjustment": (None, U // 2, None, "invoice without cost"),
    "twice usage": (100 * U, 100 * U, 0, "matched"),
    "twice tax": (None, 19 * U, None, "invoice without cost"),
    "prepaid usage": (100 * U, None, None, "no invoice expected"),
    "missing usage": (100 * U, None, None, "not invoiced yet"),
    "bought usage": (100 * U, None, None, "no invoice expected"),
    "bought purchase": (None, 500 * U, None, "invoice without cost"),
    "costless usage": (None, 12 * U + 34 * CENT, None, "invoice without cost"),
    "other usage": (100 * U, 100 * U, 0, "matched"),
    "finer usage": (99_996_000_001, 100 * U, 3_999_999, "matched"),  # to the cent, and the difference is shown
    "credited usage": (100 * U, 100 * U, 0, "matched"),
    "credited credit": (-5 * U, None, None, "not invoiced yet"),
}


def test_the_state_and_exact_difference_of_every_kind_of_month(at_store: Billed) -> None:
    every_case(at_store)
    assert at_store.book().ok
    assert at_store.matches() == EXPECTED
    assert at_store.matches(month=NEXT) == {"missing usage": (None, 100 * U, None, "invoice without cost")}
    # Law 9, for every invoice: its total is the sum of its categories and of what is unexplained, and of its lines.
    broken = """
        select i.scope, i.number from current_invoices i where total_nano <> usage_nano + tax_nano + credit_nano
        + purchase_nano + adjustment_nano + unexplained_nano or total_nano - unexplained_nano <> (
        select sum(l.billed_nano) from current_invoice_lines l where l.scope = i.scope and l.number = i.number)"""
    assert at_store.rows(broken) == []
    assert at_store.rows("select count(*) from current_invoices") == [(13,)]
    counted = "select distinct scope, duplicates from load_periods where dataset = 'invoices' and duplicates > 0"
    assert at_store.rows(counted) == [("twice", 1)]
    unreported = at_store.findings("days without a report")
    assert (MONTH, "equal", "equal", "days", 29) in {row[:5] for row in unreported}

    again = at_store.book()
    assert (again.ok, again.new_versions, again.computed) == (True, 0, 0)

    fingerprint = at_store.fingerprint()
    at_store.invoice("other", [("usage", "101.00")], file="corrected")
    assert at_store.book().ok
    assert at_store.matches("other") == {"other usage": EXPECTED["other usage"]}
    ((_, _, number, _, rows, detail),) = at_store.findings("invoice refused")
    assert (number, rows) == ("INV-1", 1)
    assert str(detail).startswith(
        "corrected.csv line 2: invoice INV-1: booked already with other content (1 lines, 100 USD, 2026-09), which "
        'stays. If the new one is right, write accept = ["INV-1"]'
    )
    assert at_store.rows("select scope, reason is not null from quarantine") == [("other", True)] * 1
    (at_store.root / "invoices" / "other" / "corrected.csv").unlink()
    assert at_store.book().ok
    assert at_store.fingerprint() == fingerprint


def test_shuffled_rows_and_files_of_other_names_are_the_same(company: Billed, root: Path) -> None:
    every_case(company)
    assert company.book().ok
    there = Billed(root / "shuffled").found()
    every_case(there)
    for name in there.invoiced:
        rows = []
        for n, path in enumerate(sorted((there.root / "invoices" / name).iterdir())):
            rows += (
                [line.split(",") for line in path.read_text("utf-8").splitlines()[1:]] if name != "twice" or n else []
            )
            path.unlink()
        random.Random(7).shuffle(rows)
        write_csv(there.root / "invoices" / name / "all.csv", INVOICE, rows)
    assert there.book().ok
    assert there.fingerprint() == company.fingerprint()


def test_two_contents_of_a_number_at_once_are_neither_taken(company: Billed) -> None:
    company.costs("a", [USAGE])
    company.invoice("a", [USAGE], file="one")
    company.invoice("a", [("usage", "100.01")], file="two")
    company.write_config()
    report = company.book()
    assert [(f.asset, f.subject, f.day) for f in report.failed] == [("invoices", "a", MONTH)] * 2
    assert "2 contents of one number came at once; none is taken" in report.failed[0].why
    assert company.matches() == {"a usage": (100 * U, None, None, "not invoiced yet")}
    assert len(company.findings("invoice refused")) == 2
    (company.root / "invoices" / "a" / "one.csv").unlink()
    assert company.book().ok
    assert company.matches()["a usage"][3] == "differs"


def test_a_person_accepts_another_content_and_it_moves_to_its_month(company: Billed) -> None:
    company.costs("a", [USAGE])
    company.invoice("a", [USAGE], month="2026-08", file="wrong")
    company.invoice("a", [USAGE], month=NEXT, file="other")
    company.write_config()
    assert company.book().ok  # of a month before the start nothing is booked
    assert company.rows("select month from current_invoices") == [(NEXT,)]
    (company.root / "invoices" / "a" / "wrong.csv").unlink()
    company.invoice("a", [USAGE], file="other")
    assert company.book().ok
    assert company.rows("select month from current_invoices") == [(NEXT,)]
    company.more["a"] = 'accept = ["INV-1"]\n'
    company.write_config()
    assert company.book().ok
    assert company.rows("select month from current_invoices") == [(MONTH,)]
    assert company.matches() == {"a usage": (100 * U, 100 * U, 0, "matched")}
    assert company.matches(month=NEXT) == {}
    assert company.book().new_versions == 0


def test_a_late_invoice_and_a_restated_day_move_only_their_month(company: Billed) -> None:
    company.costs("a", [USAGE])
    company.costs("b", [("usage", "7")], day="2026-10-01")
    company.invoice("b", [("usage", "7")], "INV-9", NEXT)
    company.invoice("a", [("usage", "1")], "INV-0", "2026-11")
    company.write_config()
    assert company.book(DAY, "2026-10-01").ok
    made = "select scope, period, count(*) from versions where dataset = 'invoice_matches' group by 1, 2 order by 1, 2"
    before = company.rows(made)
    company.invoice("a", [USAGE])
    report = company.book("2026-12-01")  # the next daily run, long after
    assert report.ok
    assert company.matches("a") == {"a usage": (100 * U, 100 * U, 0, "matched")}
    assert [(s, p, n + 1) if (s, p) == ("a", MONTH) else (s, p, n) for s, p, n in before] == [
        row for row in company.rows(made) if row[1] != "2026-12"
    ]
    company.costs("a", [("usage", "100.02")])
    assert company.book("2026-12-01").ok
    assert company.matches("a") == {"a usage": (100 * U + 2 * CENT, 100 * U, -2 * CENT, "differs")}
    told = company.findings("invoice differs")
    assert [row[:5] for row in told] == [(MONTH, "a", "usage", "USD", -2 * CENT)]


def test_an_unreadable_amount_refuses_the_whole_invoice_and_keeps_the_last_good_one(company: Billed) -> None:
    company.costs("a", [USAGE])
    company.invoice("a", [USAGE])
    company.write_config()
    assert company.book().ok
    company.invoice("a", [USAGE, ("tax", "1_9")])
    company.invoice("a", [("usage", "3")], "INV-2")
    assert company.book().ok
    assert company.matches() == {"a usage": (100 * U, 103 * U, 3 * U, "differs")}
    ((*_, detail),) = company.findings("invoice refused")
    assert str(detail).startswith(
        "INV-1.csv line 3: invoice INV-1: line 3: expected a decimal number such as 12.50, saw"
    )
    assert "the whole invoice is not counted" in str(detail)


def test_a_ragged_line_books_nothing_too_small_and_the_mended_file_is_taken(company: Billed) -> None:
    company.costs("a", [USAGE])
    path = company.invoice("a", [("usage", "60"), ("usage", "40")])
    company.write_config()
    whole = path.read_text("utf-8")
    path.write_text(f"{whole.rstrip()},more\n", "utf-8")
    assert company.book().ok
    assert company.matches() == {"a usage": (100 * U, None, None, "not invoiced yet")}
    assert "line 3: 9 cells (not a row of the file)" in str(company.findings("invoice refused"))
    path.write_text(whole, "utf-8")
    assert company.book().ok
    assert company.matches() == {"a usage": (100 * U, 100 * U, 0, "matched")}
    assert company.findings("invoice refused") == []


@pytest.mark.parametrize("gone", ["file", "rows", "source"])
def test_what_was_booked_stays_when_its_file_rows_or_source_go(company: Billed, gone: str) -> None:
    company.costs("a", [USAGE])
    path = company.invoice("a", [USAGE])
    company.write_config()
    assert company.book().ok
    before = company.matches()
    if gone == "file":
        path.unlink()
    elif gone == "rows":
        path.write_text(path.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    else:
        company.invoiced.remove("a")
        company.write_config()
    report = company.book()
    assert report.ok == (gone == "source")
    assert all("what was booked stays" in f.why or "they keep them" in f.why for f in report.failed)
    assert company.matches() == before
    assert company.rows("select number, total_nano from current_invoices") == [("INV-1", 100 * U)]
    # What is restated still moves the match; a month to come is not asked for any more.
    company.costs("a", [("usage", "100.01")])
    company.book()
    assert company.matches()["a usage"][2] == -CENT
    company.book("2026-12-01")
    assert company.rows("select count(*) from versions where dataset = 'invoice_matches' and period = '2026-12'") == [
        (0 if gone == "source" else 1,)
    ]


def test_a_renamed_account_takes_its_invoices_along(company: Billed) -> None:
    company.costs("a", [USAGE])
    path = company.invoice("a", [USAGE])
    company.write_config()
    assert company.book().ok
    text = (company.root / "finops.toml").read_text("utf-8")
    text = text.replace("[costs.a]\n", '[costs.b]\nformerly = "a"\n').replace('account = "a"', 'account = "b"')
    (company.root / "finops.toml").write_text(text, "utf-8")
    path.write_text(
        path.read_text("utf-8") + path.read_text("utf-8").splitlines()[1].replace("INV-1", "INV-2"), "utf-8"
    )
    assert company.book().ok
    assert company.matches() == {"b usage": (100 * U, 200 * U, 100 * U, "differs")}
    assert company.rows("select scope, number from current_invoices order by 2") == [("b", "INV-1"), ("b", "INV-2")]
    again = company.book()
    assert (again.ok, again.new_versions, again.computed) == (True, 0, 0)


@pytest.mark.parametrize(("wrong", "right"), [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("others", [False, True])
def test_an_invoice_whose_account_is_corrected_is_in_one_account_only(
    company: Billed, wrong: str, right: str, others: bool
) -> None:
    for name in (wrong, right):
        company.costs(name, [USAGE])
    company.invoice("one", [USAGE])
    company.invoiced.clear()
    company.invoice(wrong, [("tax", "1")], "INV-2")
    if not others:
        company.invoiced.clear()
    table = '[invoices.one]\naccount = "{}"\npaths = "invoices/one/*.csv"\n'
    company.write_config(table.format(wrong))
    assert company.book().ok
    assert company.matches(wrong)[f"{wrong} usage"][3] == "matched"

    company.write_config(table.format(right))
    assert company.book().ok
    expected = [(right, "INV-1")] + [(wrong, "INV-2")] * others
    assert sorted(company.rows("select scope, number from current_invoices")) == sorted(expected)
    assert company.rows("select count(*) from current_invoice_lines") == [(len(expected),)]
    assert company.matches(right) == {f"{right} usage": (100 * U, 100 * U, 0, "matched")}
    assert company.matches(wrong)[f"{wrong} usage"] == (100 * U, None, None, "not invoiced yet")
    again = company.book()
    assert (again.ok, again.new_versions, again.computed) == (True, 0, 0)


def test_an_invoice_that_two_accounts_deliver_or_one_that_cannot_be_read_moves_nowhere(company: Billed) -> None:
    for name in "ab":
        company.costs(name, [USAGE])
    path = company.invoice("a", [USAGE])
    company.invoice("b", [("tax", "1")], "INV-2")
    company.write_config()
    assert company.book().ok
    copy = company.root / "invoices" / "b" / "copy.csv"
    copy.write_text(path.read_text("utf-8") + "\n", "utf-8")
    path.unlink()
    assert not company.book().ok
    held = "select scope, number from current_invoices where number = 'INV-1' order by 1"
    assert company.rows(held) == [("a", "INV-1"), ("b", "INV-1")], "whether a still has it cannot be known"
    company.invoice("a", [("tax", "2")], "INV-3")
    assert company.book().ok
    assert company.rows(held) == [("b", "INV-1")]


def test_a_total_that_its_lines_do_not_explain_is_shown(company: Billed) -> None:
    company.costs("a", [USAGE])
    rows = [(*row, "101.25") for row in company.invoice_rows([USAGE, ("tax", "1")], "INV-1")]
    company.invoiced.append("a")
    write_csv(company.root / "invoices" / "a" / "x.csv", [*INVOICE, "InvoiceTotal"], rows)
    company.write_config()
    assert company.book().ok
    assert company.matches()["a unexplained"] == (None, U // 4, None, "invoice without cost")
    assert company.rows("select unexplained_nano, total_nano from current_invoices") == [(U // 4, 101 * U + U // 4)]
    assert [row[:5] for row in company.findings("invoice does not add up")] == [(MONTH, "a", "INV-1", "USD", U // 4)]


def test_one_invoice_in_two_currencies_is_refused_and_two_currencies_stay_apart(company: Billed) -> None:
    company.costs("a", [USAGE])
    rows = company.invoice_rows([("usage", "100.00")], "INV-1") + company.invoice_rows(
        [("tax", "1")], "INV-1", currency="EUR"
    )
    company.invoiced.append("a")
    write_csv(company.root / "invoices" / "a" / "x.csv", INVOICE, rows)
    company.invoice("a", [("usage", "90.00")], "INV-2", currency="EUR")
    company.write_config()
    assert company.book().ok
    found = company.rows("select currency, reported_nano, invoiced_nano, state from current_invoice_matches order by 1")
    assert found == [("EUR", None, 90 * U, "invoice without cost"), ("USD", 100 * U, None, "not invoiced yet")]
    assert "more than one BillingCurrency (EUR and USD)" in str(company.findings("invoice refused")[0][-1])
