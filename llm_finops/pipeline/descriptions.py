"""What a newcomer reads of each node: what it is, from what, what a row is, which view to query, what to do.

The first line stands alone: it is all that the graph shows of it.
"""

from collections.abc import Sequence

_RED = "the run names day and reason; what was booked before stays, and the other days go on"


def described(what: str, *, of: str, row: str, query: str, mend: Sequence[str] = ()) -> str:
    """Short markdown. Names stand in code spans, where nothing is markup."""
    points = [f"**Made of** {of}", f"**A row is** {row}", f"**To query** {query}", *mend, f"**Red**: {_RED}"]
    return "\n".join([what, "", *(f"- {point}" for point in points)])


def view(name: str, where: str = "") -> str:
    """The view that shows what holds now."""
    return f"`current_{name}`{f' where `{where}`' if where else ''} (columns: docs/schema.md)"


def reference() -> str:
    """Of `reference`."""
    return described(
        "What every day stands on: the price book, your rules and mappings, names of projects and keys.",
        of="the list prices that came with the program, your `[prices]` files, `finops.toml`, the providers' lists",
        row="a dated price; a rule; the name of a project or key. It has no days: each run books it first",
        query="`current_prices`, `current_settings`, `current_names` (columns: docs/schema.md)",
        mend=["**A name is not read**: `llm-finops doctor` says why; the names seen before are kept"],
    )


def usage(account: str) -> str:
    """Of an account's usage."""
    return described(
        f"What {account} says was used: tokens and other quantities, before any money.",
        of="the usage report of its API, asked for again on each of the last days, since providers restate",
        row="a quantity of one meter by project, key, model and tier",
        query=view("usage", f"account = '{account}'"),
        mend=["**Yellow** `fresh`: it was not read since the day's end. `llm-finops doctor` says why"],
    )


def priced_usage(account: str) -> str:
    """Of an account's usage at the price in force."""
    return described(
        f"Usage of {account} at the price in force: your contract's price before the list price.",
        of="usage and the price book",
        row="a row of usage with its list cost; without a price it is NULL, never 0",
        query=view("priced_usage", f"account = '{account}'"),
        mend=["**Yellow** `priced`: add the price it names to the CSV of `[prices]`, and run the day again"],
    )


def cost_lines(account: str) -> str:
    """Of an account's cost report."""
    return described(
        f"What {account} says it costs, line by line, exactly as reported. This is the money that is allocated.",
        of="the cost report of its API",
        row="an amount for a day by project, model and line item; `amount_text` is what it wrote",
        query=view("cost_lines", f"account = '{account}' and basis = 'reported'"),
        mend=["**Yellow** `fresh`: no report yet. The day is estimated until one is there"],
    )


def cost_file(name: str) -> str:
    """Of a cost file."""
    return described(
        f"Cost lines of your files for {name}, each spread over the days it is for.",
        of=f"the CSV files of `[costs.{name}]` (FOCUS columns), looked at in every run",
        row="an amount for a day, exactly as written",
        query=view("cost_lines", f"account = '{name}'"),
        mend=["**Yellow** `fresh`: add the file of this period to its `paths`"],
    )


REQUESTS = described(
    "Your own request logs, priced request by request and added up: who caused what.",
    of="the files of `[requests]`, read once a day by DuckDB, and the price book",
    row="a day's requests of one customer, feature, key and model: the weights of every split",
    query="`current_request_totals`; exact quantiles of a request's cost: `current_request_quantiles`",
    mend=["**Yellow** `fresh`: see that the log is still written to its `paths`; `llm-finops doctor` reads it"],
)

REVENUE = described(
    "What each customer pays for the day. A day that no file covers is unknown, not zero.",
    of="the CSV files of `[revenue]`; a price for a longer period is spread evenly over its days",
    row="what one customer pays for one day, for a feature where the file says so",
    query=view("revenue"),
    mend=["**Yellow** `fresh`: add the file of this period; until then the margin is unknown"],
)

INVOICES = described(
    "The providers' invoices, by month: each number once.",
    of="the CSV files of `[invoices]`, looked at in every daily run",
    row="an invoice; its lines are in `current_invoice_lines`",
    query=view("invoices"),
    mend=["**A changed invoice** is refused until `accept` names its number (docs/invoices.md)"],
)

RATES = described(
    "Dated rates of exchange. A day's rate is the newest on or before it, at most 7 days old.",
    of="the files of `[rates]`",
    row="a dated rate of one pair: 1 `base` is `rate` `quote` (docs/currencies.md)",
    query=view("fx_rates"),
)

ESTIMATES = described(
    "What a day costs as far as no cost report covers it yet: priced usage. Empty once the report is there.",
    of="priced usage, where the cost report is missing or incomplete",
    row="a cost line with `basis` estimated",
    query=view("cost_lines", "basis = 'estimated'"),
)

RECONCILIATIONS = described(
    "Do usage and cost agree? Priced usage beside reported cost, your logs beside the provider's meters.",
    of="priced usage, cost lines and estimates, request totals",
    row="two figures of one thing, their difference, and a state: matched, differs, only on one side",
    query=view("reconciliations"),
    mend=["**Yellow** `reconciled`: look for its model below; a contract's price belongs into the CSV of `[prices]`"],
)

MATCHES = described(
    "Does the invoice agree? A month's reports beside its invoices, to the last billionth.",
    of="every reported cost line of the month, and its invoices",
    row="a charge category of a month: reported, invoiced, the exact difference, a state (docs/invoices.md)",
    query=view("invoice_matches"),
    mend=["**It differs**: the message of the morning says by how much; ask the provider, or wait for its restatement"],
)

IMPLIED = described(
    "Does the bill charge what the price book says? What it implies a million of each meter costs.",
    of="reported cost lines, the usage they are for, and the price book; estimates are left out",
    row="a price as billed beside the book's, a state and the likely reason (docs/prices.md)",
    query=view("implied_prices"),
    mend=["**Yellow** `billed_as_priced`: correct the price in a file of `[prices]`, or ask the provider"],
)

ALLOCATIONS = described(
    "Every cost line given to a customer and a feature; what nobody owns is (unallocated).",
    of="cost lines and estimates, split by request log, then `[[owners]]` rules, then `[[spread]]`",
    row="a share of a day's cost; the shares add up to the lines, to the last billionth",
    query=view("allocations"),
    mend=[
        "**Yellow** `covered`: your logs know too few of the tokens. `llm-finops doctor` ends with the rule to add",
        "**Red** `conserved`: shares and lines part. Trust nothing of the day, and run it again",
    ],
)

MARGINS = described(
    "Do we make money on it? Revenue less allocated cost, by customer and feature.",
    of="allocations of class cogs, revenue, and requests to count",
    row="a customer's and feature's day; revenue that is not loaded is NULL, not 0",
    query=f"{view('margins')}. `llm-finops explain --customer C --day D` walks one down to the provider's answer",
)

REQUEST_COSTS = described(
    "What failed and retried requests cost, by customer and feature.",
    of="the part of the allocations that request logs found, and how each request ended",
    row="the requests of a customer and feature that came to one end, and their cost",
    query=view("request_costs"),
)


def converted(currency: str) -> str:
    """Of the margins in one currency."""
    return described(
        f"The margins in {currency}, at the day's rates.",
        of="margins and rates of exchange",
        row=f"a customer's and feature's day in {currency}; what has no rate is NULL and not added up",
        query=f"{view('converted_margins')}; more in docs/currencies.md",
    )


SUMMARY = described(
    "The day in figures. At a run's end its newest complete day becomes due for Slack.",
    of="margins and all findings of the day; it books nothing of its own but the message that is due",
    row="none: what was sent, and when, is in `digests`",
    query="`digests`, `current_findings` (columns: docs/schema.md)",
    mend=[
        "**The run is red here** if a day failed anywhere: its error names account and day; the good days are booked"
    ],
)
