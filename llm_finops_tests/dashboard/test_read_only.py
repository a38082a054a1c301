"""A database user that may only select is enough; what it may not, the dashboard does not do."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from llm_finops.dashboard.pages import ALL
from llm_finops.ledger import Ledger
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_states import booked, environment

ROOT = Path(__file__).parents[2]


def statements() -> list[str]:
    """As docs/dashboard.md says them."""
    page = (ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")
    block = page.split("```sql", 1)[1].split("```", 1)[0]
    return [statement.strip() for statement in block.split(";") if statement.strip()]


def test_a_user_that_only_selects_sees_every_page(postgres_url: str, tmp_path: Path) -> None:
    ledger = Ledger(postgres_url)
    booked(ledger, ["acme"])
    before = ledger.fingerprint()
    name = f"reader_{make_url(postgres_url).database}"
    parsed = make_url(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        for statement in statements():
            text = statement.replace("llm_finops_reader", name).replace(
                "database llm_finops", f"database {parsed.database}"
            )
            text = text.replace("for role llm_finops ", "for role current_user ")
            owner.execute(text.encode())
    try:
        theirs = parsed.set(username=name, password="PASSWORD").render_as_string(hide_password=False)
        with psycopg.connect(theirs) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("update ledger_clock set seq = 0")
        with served({**environment(tmp_path), "LLM_FINOPS_DATABASE_URL": theirs}) as client:
            for page in ALL:
                answer = client.get(page.path)
                assert answer.status_code in {200, 400}, (page.path, answer.text[:1000])
            assert "$1.00" in client.get("/").text
        assert ledger.fingerprint() == before
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as owner:
            owner.execute(f"drop owned by {name}".encode())
            owner.execute(f"drop role {name}".encode())
        ledger.close()
