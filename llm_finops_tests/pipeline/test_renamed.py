"""What is called otherwise from one day on: at the provider, and in the configuration."""

from llm_finops_tests.pipeline.little import DAYS, LAST, Little

GIVEN = "select customer, method, sum(cost_nano) from current_allocations where day = :day group by 1, 2 order by 1, 2"


def test_a_project_renamed_at_the_provider_moves_no_money_of_the_past(little: Little) -> None:
    little.configure('[[owners]]\nname = "the blue ones"\nmatch = { project = "The blue team" }\ncustomer = "own"\n')
    little.call_projects(red="The red team", blue="The blue team")
    for day in DAYS:
        path = little.root / "log" / f"{day}.csv"
        path.write_text(path.read_text("utf-8").replace(",red,", ",The red team,"), "utf-8")
    assert little.run().ok
    before = little.rows(GIVEN, day=DAYS[1])
    assert {customer for customer, _, _ in before} > {"ada", "bob"}

    little.call_projects(red="Crimson", blue="Azure")
    assert little.run(LAST, LAST).ok

    assert little.rows(GIVEN, day=DAYS[1]) == before
    assert little.rows("select id, name, former from current_names order by id, former") in (
        [("blue", "Azure", None), ("blue", "The blue team", 1), ("red", "Crimson", None), ("red", "The red team", 1)],
        [("blue", "The blue team", 1), ("blue", "Azure", None), ("red", "The red team", 1), ("red", "Crimson", None)],
    )  # the stores sort NULL at different ends
