"""`llm-finops explain`: one customer's day, from the margin down to the provider's answer."""

import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from llm_finops.core.explain import ExplainedAllocation, ExplainedMargin, ExplainedShare, Explanation
    from llm_finops.ledger.converted_customer import Converted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(
    customer: Annotated[str, typer.Option(help="Exactly as in the request log; '(unallocated)' too.")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="UTC day.")],
    as_json: Annotated[bool, typer.Option("--json", help="The whole tree, for scripts.")] = False,
    lines: Annotated[int, typer.Option(min=1, help="Shares shown an allocation, largest first.")] = 5,
) -> None:
    """Trace a customer's day: margin → allocations → shares of lines, weights, prices → loads. Every step adds up."""
    from llm_finops.config import load
    from llm_finops.core.explain import ExplainError
    from llm_finops.ledger.converted_customer import converted_customer
    from llm_finops.ledger.explaining import explain_customer
    from llm_finops.pipeline.visible import visible
    from llm_finops.pipeline.work import opened

    try:
        with opened(load(os.environ)) as ledger:
            tree, loads = explain_customer(ledger, customer, str(day.date()))
            converted = converted_customer(ledger, customer, str(day.date()))
    except ExplainError as error:
        sys.stderr.write(f"llm-finops: {visible(str(error))}\n")
        raise typer.Exit(1) from error
    if as_json:
        sys.stdout.write(json.dumps(_tree(tree, loads, converted)) + "\n")
        return
    for text in _text(customer, tree, loads, lines, converted):
        sys.stdout.write(visible(text) + "\n")


def _text(
    customer: str, tree: "Explanation", loads: list[dict[str, Any]], lines: int, converted: "Converted | None" = None
) -> Iterator[str]:
    """The tree, line by line. Names come from logs and files: whoever writes a line out makes it visible first."""
    for total in tree.totals:
        yield from ("", f"{customer}, {tree.day} ({total.currency})")
        yield f"  {_margin_text(total.revenue_nano, total.cost_nano)}"
        yield from _lost(tree, total.currency)
    if converted:
        yield from _show_converted(converted)
    for part in tree.margins:
        yield from _show_margin(part, lines)
    if tree.outside:
        yield from ("", "Not in the margin:")
        for allocation in tree.outside:
            yield from _show_allocation(allocation, lines)
    yield from ("", "Read from:")
    for one in loads:
        at = f"{one['dataset']} of {one['source']}, {one['period']}"
        yield f"  load {one['load_id']:>5}  {at:<46} {one['started_at']}  {one['content_hash'][:16]}"
    yield from ("", "Every step adds up.")


def _show_converted(of: "Converted") -> Iterator[str]:
    from llm_finops.core.money import nano_text

    known = of.revenue_nano is not None and of.cost_nano is not None
    revenue = nano_text(of.revenue_nano) if of.revenue_nano is not None else "not known"
    cost = nano_text(of.cost_nano) if of.cost_nano is not None else "not known"
    margin = nano_text((of.revenue_nano or 0) - (of.cost_nano or 0)) if known else "not known"
    yield from ("", f"all in {of.currency}", f"  revenue {revenue}  −  cost {cost}  =  margin {margin}")
    for pair, how in of.rates:
        yield f"  {pair} {how or 'no rate: not added up'}"


def _lost(tree: "Explanation", currency: str) -> Iterator[str]:
    """What failed and retried requests cost, of what the logs found; nothing where they found nothing."""
    from llm_finops.core.derived import FAILED, RETRIED, UNKNOWN
    from llm_finops.core.money import nano_text, round_half_even

    rows = [row for row in tree.outcomes if row.currency == currency]
    whole = sum(row.cost_nano for row in rows)
    lost = sum(row.cost_nano for row in rows if row.outcome in {FAILED, RETRIED})
    unknown = sum(row.cost_nano for row in rows if row.outcome == UNKNOWN)
    if whole <= 0:
        return
    if unknown == whole:
        yield f"  failed and retried requests: not known for {nano_text(unknown)} found by request log"
        return
    tenths = round_half_even(1000 * lost, whole)
    but = f"; not known for {nano_text(unknown)}" if unknown else ""
    share = f"{tenths // 10}.{tenths % 10} %"
    yield f"  failed and retried requests: {nano_text(lost)} of {nano_text(whole)} found by request log ({share}){but}"


def _show_margin(part: "ExplainedMargin", lines: int) -> Iterator[str]:
    from llm_finops.core.money import nano_text

    row = part.margin
    said = _margin_text(row.revenue_nano, row.cost_nano)
    if part.paid_as_a_whole:
        said = f"cost {nano_text(row.cost_nano)}; paid for with the customer's other features"
    yield from ("", f"feature {row.feature} ({row.currency})", f"  {said}")
    if row.requests:
        yield f"  {row.requests} requests, {row.operations} operations"
    for allocation in part.allocations:
        yield from _show_allocation(allocation, lines)


def _margin_text(revenue_nano: int | None, cost_nano: int) -> str:
    from llm_finops.core.money import nano_text

    revenue = nano_text(revenue_nano) if revenue_nano is not None else "not loaded"
    margin = nano_text(revenue_nano - cost_nano) if revenue_nano is not None else "unknown"
    return f"revenue {revenue}  −  cost {nano_text(cost_nano)}  =  margin {margin}"


def _show_allocation(part: "ExplainedAllocation", lines: int) -> Iterator[str]:
    from llm_finops.core.money import nano_text
    from llm_finops.core.records import NONE

    row = part.allocation
    how = row.method + (f" '{row.rule}'" if row.rule != NONE else "")
    place = (row.pool.account, row.pool.project, row.pool.api_key, row.pool.model, row.pool.service_tier)
    where = " · ".join(name for name in place if name != NONE)
    said = f"by {how}, {row.basis}, {row.environment}/{row.cost_class}: {where}"
    yield f"  {nano_text(row.cost_nano):>16} {row.currency}  {said}"
    for share in part.shares[:lines]:
        yield f"      {_share_text(share)}"
    if rest := part.shares[lines:]:
        left = nano_text(sum(share.share.nano for share in rest))
        yield f"      {left:>16}  in {len(rest)} more shares"


def _share_text(part: "ExplainedShare") -> str:
    from llm_finops.core.money import nano_text

    share, line = part.share, part.line
    price = f" at {nano_text(part.price.price_nano)} a million ({part.price.source})" if part.price else ""
    of_line = f"line {line.line_id[:8]} '{line.line_item}' {nano_text(line.amount_nano)}"
    if share.whole == 1:
        return f"{nano_text(share.nano):>16}  of {of_line}"
    weighed = f"{share.weight}/{share.whole} by {share.by} of {share.meter}{price}"
    return (
        f"{nano_text(share.nano):>16}  {weighed}, of the {nano_text(share.part_nano)} that came this way of {of_line}"
    )


def _tree(tree: "Explanation", loads: list[dict[str, Any]], converted: "Converted | None") -> dict[str, Any]:
    return {
        "day": tree.day,
        "customer": tree.customer,
        "totals": [
            {"currency": total.currency, "revenue_nano": total.revenue_nano, "cost_nano": total.cost_nano}
            for total in tree.totals
        ],
        "converted": {**converted._asdict(), "rates": dict(converted.rates)} if converted else None,
        "margins": [
            {**part.margin._asdict(), "allocations": [_allocation(a) for a in part.allocations]}
            for part in tree.margins
        ],
        "outside": [_allocation(a) for a in tree.outside],
        "request_costs": [row._asdict() for row in tree.outcomes],
        "loads": loads,
        "adds_up": True,
    }


def _allocation(part: "ExplainedAllocation") -> dict[str, Any]:
    row = part.allocation
    shares = [
        {
            **s.share._asdict(),
            "pool": s.share.pool._asdict(),
            "line": s.line._asdict(),
            "price": s.price._asdict() if s.price else None,
        }
        for s in part.shares
    ]
    return {**row._asdict(), "pool": row.pool._asdict(), "shares": shares}
