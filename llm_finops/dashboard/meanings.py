"""What each kind of finding means, in a sentence: what was seen, and what became of it."""

MEANINGS = {
    # of invoices
    "invoice differs": "An invoice says another amount than was reported as billed, by more than half a cent.",
    "invoice without cost": "An invoice has a charge that no report of the month has (taxes often).",
    "days without a report": "Days of the month have no cost report: the match is made without them.",
    "invoice refused": "An invoice was not taken: what was booked under its number stays.",
    "invoice does not add up": "An invoice's lines leave a part of its total unexplained.",
    "invoice period is not one month": "An invoice's period is not one month: it belongs to the month of its start.",
    # of prices
    "unpriced": "No price is known for this usage: it is in no list cost, and never counted as 0.",
    "unpriced, not estimated": "A day is estimated, and this usage has no price: the estimate is without it.",
    "price differs from bill": "The provider billed another price than the price book says.",
    "price implied by bill": "The price book has no price, and the bill implies one: the detail is ready to paste.",
    "price changed within the day": "The price changed during the day: all of it is weighed at the one at its start.",
    "context band unknown": "The price depends on each request's length, which usage lacks: the lowest is taken.",
    "priced as standard": "No service tier is named: the price of the standard tier weighs it.",
    "list cost unknown": "Requests with an unpriced or missing quantity: they are in no quantile.",
    "no rate": "There is no exchange rate: the amount is in no total of the reporting currency.",
    # of reports
    "usage and cost differ": "Usage at list and reported charges part by more than the tolerance.",
    "usage without cost": "Usage is there, and no charge for it.",
    "line without usage": "A cost line meets no usage: it is split by what else is known.",
    "report incomplete": "The cost report lacks lines where there is usage: the day is estimated until it has them.",
    "report left out": "A report could not be had and was left out.",
    "coarser grain": "The provider reports this by less detail than was asked for.",
    "paid by commitment": "Usage that is paid by a commitment: no charge of its own is expected.",
    "meters disagree": "Two of the provider's own figures of the same thing part.",
    "default workspace unknown": "The default workspace has no name in the report.",
    "older interface": "The report was read through the provider's older interface.",
    "unknown label": "The provider's label names nothing known: it is booked whole, under `other`.",
    "unknown field": "The provider sends a field that is not read.",
    "unreadable quantity": "A quantity could not be read: the amount is booked without it.",
    "empty row": "The provider sent a row that says nothing.",
    # of request logs
    "low coverage": "Tokens that the provider reports and no request log knows: their cost goes by rules and shares.",
    "log above usage": "The request log has more than the provider's meters (late usage, or a row twice).",
    "tier not logged": "The log names no service tier where the provider has several.",
    "no request id": "Requests without an id cannot be told from repeats: each counts as its own.",
    "tokens missing": "Requests do not say their input or output: what they say is counted.",
    "column empty": "A mapped column says nothing all day: it may have been renamed.",
    "names alike": "Names differ only in spelling: they may be one customer or feature.",
    "no account": "Requests of an account that is not configured: no bill meets them.",
    "weights by quantity": "Without a price the split goes by quantity.",
    "spread without usage": "A spread by usage found none that day.",
    # of files
    "rows quarantined": "Rows of a file could not be read and are not counted: Data health names each.",
    "revenue unknown": "A revenue row could not be read: the customer's revenue of the day is not known, and not 0.",
    "revenue not loaded": "No revenue file has this day: its revenue is not known, and not 0.",
    "same row in two files": "A row is in two files, and counted in both.",
    "file delivered twice": "A file is there twice, and was read once.",
    "tags unreadable": "The tags of a row could not be read: the row is booked without them.",
}
OTHER = "Its rows say what was seen."


def meaning(kind: str) -> str:
    """In words; of a kind that is not known here, where to look."""
    return MEANINGS.get(kind, OTHER)
