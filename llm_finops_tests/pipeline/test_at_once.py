"""Another run books in the middle of ours: what was computed from what is no longer so is computed again."""

from llm_finops.core.records import Allocation
from llm_finops.ledger import Gather
from llm_finops.ledger import datasets as d
from llm_finops.pipeline import decide
from llm_finops.pipeline.logs import load_requests
from llm_finops.pipeline.reference import book_reference
from llm_finops.pipeline.work import Finops, Work, key
from llm_finops_tests.pipeline import made
from llm_finops_tests.pipeline.little import DAYS, FIRST, Little

SECOND = DAYS[1]
DEARER = [("sheet-1", "input_uncached", 4), ("sheet-1", "output", 20), ("sheet-2", "input_uncached", 2)]


def test_a_margin_is_made_again_where_another_run_has_booked_its_shares(little: Little) -> None:
    assert little.settle(FIRST, FIRST).ok
    asked = key(d.MARGINS, "*", FIRST)
    made_of: list[int] = []

    def margin(work: Work, gather: Gather, scope: str, day: str) -> decide.Computed | None:
        computed = decide._margin(work, gather, scope, day)
        made_of.append(sum(share.cost_nano for share in gather.read(d.ALLOCATIONS, "paper", day)))
        if len(made_of) == 1:  # the other run books between our reading and our booking, and has done with the day
            little.report(FIRST, "3.00")
            assert little.settle(FIRST, FIRST).ok
        return computed

    with little.finops.work("ours") as work:
        result = decide.settle_keys(work, d.MARGINS, [asked], {asked}, margin)
        shares: list[Allocation] = work.ledger.read(d.ALLOCATIONS, "paper", FIRST)
        assert work.ledger.stale(d.MARGINS) == []

    assert not result.failed()
    assert made_of == [4_100_000_000, 5_100_000_000]
    assert sum(share.cost_nano for share in shares) == made_of[1]
    assert little.rows("select sum(cost_nano) from current_margins") == [(made_of[1],)]


def test_a_log_priced_while_the_prices_change_is_priced_by_the_new_ones(little: Little) -> None:
    def progress(name: str, done: int, _: int) -> None:
        if (name, done) == ("gateway requests", 1):  # the first day is booked, the second is not
            little.price([*DEARER, ("sheet-2", "output", 10)])
            assert little.settle(FIRST, SECOND).ok

    with Finops(little.environment, progress, package=made).work("ours") as work:
        book_reference(work)
        result = load_requests(work, [FIRST, SECOND])
        assert work.ledger.stale(d.REQUEST_TOTALS) == []

    assert not result.failed()
    costs = "select day, sum(list_cost_nano) from current_request_totals group by day order by day"
    dearer = 2 * (1_800_000_000 + 1_000_000_000 + 300_000_000 + 300_000_000)
    assert little.rows(costs) == [(FIRST, dearer), (SECOND, dearer)]
