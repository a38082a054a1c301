"""What a message says of invoices: to the last unit, what needs a person first, and nothing where there is nothing."""

import pytest

from llm_finops.core.digest import InvoiceNews, digest, plain
from llm_finops_tests.core.test_digest import DOLLAR, assert_harmless, assert_within_limits, figures

CENT = DOLLAR // 100


def said(*news: InvoiceNews) -> list[str]:
    message = digest(figures(invoices=news))
    assert_harmless(message)
    assert_within_limits(message)
    return [line for line in plain(message).splitlines() if "nvoice" in line]


@pytest.mark.parametrize(
    ("news", "line"),
    [
        (
            InvoiceNews("openai", "2026-09", "arrived", "USD", 124_012 * CENT, 124_011 * CENT, (("usage", CENT),)),
            "Invoice openai 2026-09: $1,240.12 billed, $1,240.11 reported, differs by $0.01.",
        ),
        (
            InvoiceNews("openai", "2026-09", "arrived", "USD", 124_012 * CENT, 124_012 * CENT),
            "Invoice openai 2026-09: $1,240.12 billed, $1,240.12 reported, matches.",
        ),
        (
            InvoiceNews("a", "2026-09", "arrived", "USD", 119 * DOLLAR, 100 * DOLLAR, (), (("tax", 19 * DOLLAR),)),
            "Invoice a 2026-09: $119.00 billed, $100.00 reported, tax $19.00 on the invoice only.",
        ),
        (
            InvoiceNews("a", "2026-09", "arrived", "EUR", DOLLAR, None, (), (("usage", DOLLAR),)),
            "Invoice a 2026-09: 1.00 EUR billed, no cost reported.",
        ),
        (
            InvoiceNews("a", "2026-09", "differs", "USD", DOLLAR, DOLLAR, (("usage", -DOLLAR - 1), ("tax", 5_100_000))),
            "Invoice a 2026-09: $1.00 billed, $1.00 reported, tax differs by $0.0051, differs by −$1.000000001.",
        ),
        (
            InvoiceNews("a", "2026-09", "late", "USD", None, 100 * DOLLAR, late_days=12),
            "Invoice a 2026-09: late, 12 days after the month's end; $100.00 reported.",
        ),
        (
            InvoiceNews(
                "a", "2026-09", "differs", "USD", 3 * DOLLAR, DOLLAR, (("usage", 2 * DOLLAR),), days_unreported=2
            ),
            "Invoice a 2026-09: $3.00 billed, $1.00 reported (2 days without a report), differs by $2.00.",
        ),
        (
            InvoiceNews("a", "2026-09", "late", "USD", None, DOLLAR, late_days=12, days_unreported=1),
            "Invoice a 2026-09: late, 12 days after the month's end; $1.00 reported (1 day without a report).",
        ),
        (
            InvoiceNews("a", "2026-09", "arrived", "USD", DOLLAR, DOLLAR, days_unreported=9, is_open=True),
            "Invoice a 2026-09: $1.00 billed, $1.00 reported, compared once the month is over.",
        ),
        (
            InvoiceNews("a", "2026-09", "refused", refused="INV`<!here>"),
            "Invoice a 2026-09: INV\u02cb<!here> is not taken; the findings of the month say why.",
        ),
    ],
)
def test_each_kind_of_news_is_one_line(news: InvoiceNews, line: str) -> None:
    assert said(news) == [line]


def test_nothing_is_said_where_there_is_nothing_and_many_are_counted() -> None:
    assert said() == []
    many = [InvoiceNews(f"a{n}", "2026-09", "arrived", "USD", DOLLAR, DOLLAR) for n in range(8)]
    late = InvoiceNews("z", "2026-09", "late", "USD", None, DOLLAR, late_days=10)
    lines = said(*many, late)
    assert lines[0].startswith("Invoice z 2026-09: late")
    assert lines[-1] == "and 4 more about invoices"
    assert said(*[*many, late][::-1]) == lines
