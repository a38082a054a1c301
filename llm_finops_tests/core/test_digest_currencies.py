"""Revenue in one currency and cost in another: never added, never taken for not loaded."""

from llm_finops.core.digest import CurrencyFigures, Figures, Owner, digest, plain

DOLLAR = 10**9
ADA = Owner("ada", 1_700_000_000, 5 * DOLLAR)
BOB = Owner("bob", 1_700_000_000, None, elsewhere=("EUR",))
NOBODY = Owner("(unallocated)", 700_000_000, 0)


def dollars(*customers: Owner, revenue: int = 5 * DOLLAR) -> CurrencyFigures:
    cost = sum(customer.cost_nano for customer in customers)
    return CurrencyFigures("USD", cost, cogs_nano=cost, revenue_nano=revenue, customers=customers)


def euros(*customers: Owner, has_cost: bool = False) -> CurrencyFigures:
    revenue = sum(customer.revenue_nano or 0 for customer in customers)
    return CurrencyFigures("EUR", 0, has_cost, revenue_nano=revenue, customers=customers)


def test_the_margin_is_of_those_who_pay_in_its_currency_and_the_others_are_counted() -> None:
    paid = Owner("bob", 0, 400_000_000, elsewhere=("USD",))
    message = digest(Figures("2026-11-23", (euros(paid), dollars(ADA, BOB, NOBODY))))

    assert message.text == (
        "LLM costs on Monday 23 November 2026: $4.10, gross margin $2.60 (52.0 %) without 1 customer."
    )
    text = plain(message)
    assert "Gross margin: $2.60 (52.0 %) without 1 customer\nRevenue: $5.00\n" in text
    assert "\nEUR: revenue 0.40 EUR, no cost in this currency.\n" in text
    assert "• No rate: 1 customer pays in EUR; $1.70 of cost is not in the margin.\n" in text
    assert "$1.70   in EUR     n/a  bob\n" in text
    assert "not loaded" not in text
    assert "Below zero" not in text


def test_who_also_pays_in_another_currency_has_no_margin_in_either() -> None:
    both = Owner("bob", 9 * DOLLAR, DOLLAR, elsewhere=("EUR",))
    text = plain(digest(Figures("2026-11-23", (dollars(ADA, both, NOBODY, revenue=6 * DOLLAR),))))

    assert "Gross margin: $2.60 (52.0 %) without 1 customer\nRevenue: $6.00\n" in text
    assert "Below zero" not in text
    assert "$9.00    $1.00     n/a  bob\n" in text


def test_where_nobody_pays_in_the_currency_there_is_no_margin_and_no_zero() -> None:
    message = digest(Figures("2026-11-23", (dollars(BOB, NOBODY, revenue=0),)))

    assert "gross margin n/a (no rate for EUR)" in message.text
    assert "Gross margin: n/a (no rate for EUR)\nRevenue: none in USD\n" in plain(message)


def test_revenue_whose_cost_is_all_elsewhere_is_no_margin() -> None:
    paid = Owner("bob", 0, 400_000_000, elsewhere=("USD",))
    text = plain(digest(Figures("2026-11-23", (euros(paid, has_cost=True),))))

    assert "Gross margin: n/a (no rate for USD)\nRevenue: 0.40 EUR\n" in text
    assert "• No rate: 1 customer costs in USD; 0.40 EUR of revenue is not in the margin.\n" in text


def test_cost_per_request_stands_in_the_currency_that_requests_are_charged_in() -> None:
    text = plain(digest(Figures("2026-11-23", (dollars(ADA), euros(has_cost=True)), requests=4)))
    assert "Cost per request" not in text

    none = plain(digest(Figures("2026-11-23", (dollars(ADA),), requests=0)))
    assert "Cost per request: n/a (no logged requests)" in none
