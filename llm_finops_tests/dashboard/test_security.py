"""What the dashboard lets nobody do: change anything, be read by a stranger's page, or give a secret away."""

import re
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from llm_finops.config import load
from llm_finops.dashboard import application, pages
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops_tests.dashboard.serving import demo_environment, served

CANARY = "canary-1f6b0c"
ADDRESSES = [*(page.path for page in pages.ALL), "/nowhere", "/static/style.css", "/static/nowhere", "/?period=9d"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_keeps_a_browser_strict(demo: httpx.Client, address: str) -> None:
    answer = demo.get(address)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("address", ["/", "/file?page=/&table=days&as=csv", "/static/style.css"])
def test_nothing_is_answered_but_reading(demo: httpx.Client, method: str, address: str) -> None:
    assert demo.request(method, address).status_code == 405


def test_a_head_is_a_get_without_its_body(demo: httpx.Client) -> None:
    answer = demo.head("/health")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:3001", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1", 200),
        ("[::1]:3001", 200),
        ("10.1.2.3:3001", 200),  # an address is nobody's name
        ("finops.example.com", 200),  # which it was started with
        ("evil.example.com", 400),
        ("127.0.0.1.evil.example.com", 400),
        ("localhost.evil.example.com:3001", 400),
        ("evil@localhost@x", 400),
        ("[::1", 400),
        ("", 400),
    ],
)
def test_it_answers_to_its_own_names_alone(little: TestClient, host: str, status: int) -> None:
    for address in ("/health", "/static/style.css"):
        answer = little.get(address, headers={"Host": host})
        assert answer.status_code == status
        assert ("--allow-host" in answer.text) == (status == 400)


@pytest.fixture
def little(tmp_path: Path) -> TestClient:
    """Without a ledger, by a name of its own; asked in this process, since a client would mend some of these hosts."""
    (tmp_path / "finops.toml").write_text("start_date = 2026-11-01\n", encoding="utf-8")
    environment = {"LLM_FINOPS_CONFIG": str(tmp_path / "finops.toml"), "LLM_FINOPS_HOME": str(tmp_path)}
    return TestClient(application(load(environment), ["Finops.example.com"]))


@pytest.mark.parametrize(
    "address",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2fetc/passwd",
        "/static//etc/passwd",
    ],
)
def test_no_file_is_served_but_its_own(demo: httpx.Client, address: str) -> None:
    # Sent as it stands: a client of httpx would take the dots away.
    with httpx.Client(base_url=demo.base_url) as client:
        request = client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=address.encode())
        answer = client.send(request)
    assert answer.status_code == 404
    assert "import" not in answer.text
    assert "root:" not in answer.text


def test_a_fault_is_told_without_its_inside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A table that somebody dropped: the page says that the ledger cannot be read, and shows no statement."""
    (tmp_path / "finops.toml").write_text("start_date = 2026-11-01\n", encoding="utf-8")
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    with ledger.writing() as connection:
        connection.exec_driver_sql("drop table commits")
    ledger.close()
    environment = {"LLM_FINOPS_CONFIG": str(tmp_path / "finops.toml"), "LLM_FINOPS_HOME": str(tmp_path)}
    with served(environment) as client:
        answer = client.get("/")
    assert answer.status_code == 503
    assert "The ledger cannot be read" in answer.text
    for word in ("Traceback", "sqlite3", "select", "commits", "File &#34;"):
        assert word not in answer.text


def test_a_fault_of_ours_is_a_page_too(tmp_path: Path) -> None:
    (tmp_path / "finops.toml").write_text("start_date = 2026-11-01\n", encoding="utf-8")
    (tmp_path / "clock").write_text("no time at all", encoding="utf-8")
    (tmp_path / "ledger.sqlite").mkdir()  # no file, and nobody's error that we know
    environment = {"LLM_FINOPS_CONFIG": str(tmp_path / "finops.toml"), "LLM_FINOPS_HOME": str(tmp_path)}
    answer = TestClient(application(load(environment)), raise_server_exceptions=False, base_url="http://localhost").get(
        "/"
    )
    assert answer.status_code in {500, 503}
    assert "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_secret_of_the_environment_is_on_a_page(
    demo_ledger: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", CANARY)
    secrets = {"OPENAI_ADMIN_KEY": CANARY, "ANTHROPIC_ADMIN_KEY": CANARY, "SLACK_BOT_TOKEN": CANARY}
    with served({**demo_environment(demo_ledger.parent), **secrets}) as client:
        for page in pages.ALL:
            assert CANARY not in client.get(page.path).text, page.path
        lists = re.findall(r'href="(/file[^"]+)"', client.get("/health").text)
        assert lists
        for link in lists:
            assert CANARY not in client.get(link.replace("&amp;", "&")).text


def test_no_password_of_the_ledgers_url_is_on_a_page(demo_ledger: Path) -> None:
    home = demo_ledger.parent
    for url in (
        f"postgresql://reader:{CANARY}@127.0.0.1:1/ledger?connect_timeout=2",
        f"postgresql://reader:{CANARY}@x@127.0.0.1/ledger",
        f"mysql://reader:{CANARY}@127.0.0.1/ledger",
    ):
        with served({**demo_environment(home), "LLM_FINOPS_DATABASE_URL": url}) as client:
            answer = client.get("/")
            assert answer.status_code == 503, url
            assert "The ledger cannot be read" in answer.text
            assert CANARY not in answer.text
