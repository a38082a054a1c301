"""Rules, labels and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.records import ANY, COGS, NONE, OPEX, Name
from llm_finops.core.rules import Facts, Label, Names, Rulebook, read_object, sees
from llm_finops.core.settings import Rule, Settings
from llm_finops_tests.core.little_world import total

DAY = "2026-11-20"
FACTS = Facts("openai", "openai", "p", "k", "ann", "gpt-5-2025-08-07", "standard")


def book(*rules: Rule, names: tuple[Name, ...] = (), day: str = DAY, **more: dict[str, str]) -> Rulebook:
    return Rulebook(day, Settings(rules=rules, aliases=more.get("aliases", {})), {"openai": names})


def owner(match: dict[str, str], facts: Facts = FACTS, names: tuple[Name, ...] = ()) -> bool:
    return book(Rule("r", match, customer="acme"), names=names).owner(facts) is not None


@pytest.mark.parametrize(
    ("glob", "key", "meets"),
    [
        ("k*", "k", True),
        ("*back*", "my back office", True),
        ("k[1]", "k1", False),
        ("k[1]", "k[1]", True),
        ("k?", "k1", False),
        ("K", "k", False),
        ("a*c", "a\nb\nc", True),
        ("*", ANY, False),
        ("*", NONE, True),
        ("(none)", NONE, True),
    ],
)
def test_only_the_star_is_special_and_the_unknown_meets_nothing(glob: str, key: str, meets: bool) -> None:
    assert owner({"api_key": glob}, FACTS._replace(api_key=key)) is meets


@given(st.text(), st.text())
def test_a_glob_without_a_star_meets_itself_alone(glob: str, key: str) -> None:
    key, glob = key or "k", glob.replace("*", "")
    assert owner({"actor": glob}, FACTS._replace(actor=key)) is (glob == key != ANY)


def test_every_dimension_of_a_match_must_meet() -> None:
    assert owner({"project": "p", "actor": "ann"})
    assert not owner({"project": "p", "actor": "bob"})
    assert not owner({"project": "p", "colour": "*"})
    assert owner({})


def test_a_rule_holds_from_its_first_day_until_its_last() -> None:
    rule = Rule("r", {}, customer="acme", valid_from="2026-11-20", valid_until="2026-11-22")
    held = [day for day in range(18, 24) if book(rule, day=f"2026-11-{day}").owner(FACTS)]
    assert held == [20, 21]


def test_a_customer_merged_on_a_date_keeps_the_days_before() -> None:
    rules = (
        Rule("b", {}, customer="b", valid_until="2026-11-20"),
        Rule("a", {}, customer="a", valid_from="2026-11-20"),
    )
    found = [book(*rules, day=day).owner(FACTS) for day in ("2026-11-19", "2026-11-20")]
    assert [rule.customer for rule in found if rule] == ["b", "a"]


def test_owner_and_label_are_each_the_first_of_their_kind() -> None:
    rules = (
        Rule("class", {"api_key": "k"}, cost_class=OPEX),
        Rule("both", {"api_key": "k"}, customer="acme", environment="staging"),
        Rule("late", {"api_key": "k"}, customer="bolt", cost_class=COGS),
    )
    found = book(*rules)
    named = found.owner(FACTS)
    assert named is not None
    assert named.name == "both"
    assert found.label(FACTS) == Label("production", OPEX)
    assert found.label(FACTS._replace(environment="dev")) == Label("dev", OPEX)
    assert found.label(FACTS._replace(api_key="x", environment="dev")) == Label("dev", COGS)


def test_a_rule_names_a_model_by_its_alias_a_project_and_key_by_name() -> None:
    names = (Name("project", "p", "Search", NONE), Name("api_key", "k", "prod", "p"))
    assert owner({"project": "Sear*", "api_key": "prod"}, names=names)
    assert owner({"project": "p", "api_key": "k"}, names=names)
    assert not owner({"api_key": "Search"}, names=names)
    aliased = book(Rule("r", {"model": "gpt-5"}, customer="acme"), aliases={"gpt-5": "gpt-5-2025-08-07"})
    assert aliased.owner(FACTS) is not None


def test_names_are_ids_where_they_say_which() -> None:
    names = Names(
        [
            Name("api_key", "k1", "prod", "p"),
            Name("api_key", "k2", "prod", "q"),
            Name("api_key", "k3", "k1", "q"),
            Name("project", NONE, "Default", NONE),
        ]
    )
    assert names.id_of("api_key", "prod", "q") == "k2"
    assert names.id_of("api_key", "prod") == "prod"
    assert names.id_of("api_key", "k1") == "k1"
    assert names.id_of("api_key", "new") == "new"
    assert names.id_of("project", "Default") == NONE
    assert names.id_of("project", NONE) == NONE


def test_a_former_name_still_means_its_project_unless_another_bears_it_now() -> None:
    was = Name("project", "p", "Search", NONE, 1)
    renamed = (Name("project", "p", "Discovery", NONE), was)
    assert Names(renamed).id_of("project", "Search") == "p"
    assert owner({"project": "Search"}, names=renamed)
    assert owner({"project": "Discovery"}, names=renamed)
    taken = (Name("project", "q", "Search", NONE), *renamed)
    assert Names(taken).id_of("project", "Search") == "q"
    assert not owner({"project": "Search"}, names=taken)
    assert owner({"project": "Search"}, FACTS._replace(project="q"), names=taken)


def test_a_log_sees_a_rule_only_if_it_maps_all_the_rule_speaks_of() -> None:
    rule = Rule("r", {"account": "openai", "api_key": "k"}, customer="acme")
    assert sees({"account", "provider", "api_key"}, rule)
    assert not sees({"account", "provider", "project"}, rule)


def test_what_a_source_does_not_map_is_unknown_not_none() -> None:
    facts = book().of_request(total("openai", "acme", {}, api_key="k", actor="ann"), ("api_key",))
    assert facts == Facts("openai", "openai", ANY, "k", ANY, ANY, ANY)


def test_json_of_the_ledger_is_read_exactly() -> None:
    assert str(read_object('{"a":0.1000000000000000055}')["a"]) == "0.1000000000000000055"
    for text in ("[]", '{"a":NaN}', "{"):
        with pytest.raises(ValueError, match=r"expected|Expecting"):
            read_object(text)
