"""`llm-finops doctor` before real servers on loopback: what it says of each trouble, and that no key is in it."""

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from llm_finops.demo.clock import Clock
from llm_finops.demo.play import company
from llm_finops.demo.standins import Standins
from llm_finops.demo.standins.openai import PROJECT_KEY
from llm_finops.demo.standins.server import Answer, Call, serve
from llm_finops.demo.standins.slack import Fault
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops_tests.cli.conftest import AFTER, WINDOW, Command, Said

DAY = str(WINDOW.until)
CANARY = "c4nary-7f3a9c0e1b"


@dataclass
class Shop:
    """The demo's company: its folder, its stand-ins, and the environment in which it is examined."""

    root: Path
    standins: Standins
    environment: dict[str, str]
    command: Command

    def configured(self, *changes: tuple[str, str]) -> "Shop":
        """With another finops.toml, beside the company's own so that its files are found."""
        text = (self.root / "finops.toml").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.root / "examined.toml").write_text(text, encoding="utf-8")
        return replace(self, environment={**self.environment, "LLM_FINOPS_CONFIG": str(self.root / "examined.toml")})

    def holding(self, **environment: str) -> "Shop":
        """With other keys."""
        return replace(self, environment={**self.environment, **environment})

    def said(self, *arguments: str) -> Said:
        """What doctor says, its lines joined; no key and no password is ever in it."""
        done = self.command("doctor", "--day", DAY, *arguments, environment=self.environment)
        for text in (done.out, done.err):
            assert CANARY not in text
            for name, value in self.environment.items():
                assert not name.endswith(("_KEY", "_TOKEN")) or not value or value not in text
        assert "Traceback" not in done.err
        return done._replace(out=" ".join(done.out.split()))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Standins, dict[str, str]]]:
    root = tmp_path_factory.mktemp("shop") / "home"
    root.mkdir(mode=0o700)
    Clock(root / "clock").advance_to(AFTER)
    with company(root, WINDOW) as (environment, standins):
        yield root, standins, environment


@pytest.fixture
def shop(running: tuple[Path, Standins, dict[str, str]], command: Command, tmp_path: Path) -> Shop:
    root, standins, environment = running
    ours = {name: value for name, value in environment.items() if name not in os.environ or name.endswith("_KEY")}
    return Shop(root, standins, {**ours, "LLM_FINOPS_HOME": str(tmp_path / "home")}, command)


def states(said: Said) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for check in json.loads(said.out)["checks"]:
        found.setdefault(check["subject"], []).append(check["state"])
    return found


def test_all_well_is_green_and_says_what_to_expect(shop: Shop, tmp_path: Path) -> None:
    posted = shop.standins.calls["/api/chat.postMessage"]
    said = shop.said()

    assert said.code == 0
    assert f"ok providers.openai {DAY}: 45 rows of usage, 19 cost lines (" in said.out
    assert "4 projects and 5 keys by name. History: the past 365 days. Lag: costs appear within hours" in said.out
    assert "a day is final 24 h after its end (settle_hours)." in said.out
    assert "History: days from 2026-01-01, at most the past 365." in said.out
    assert f"ok requests.gateway {DAY}: " in said.out
    assert "ok revenue.billing 59 rows, for 2026-11-01 to 2026-11-30." in said.out
    assert "ok ledger There is none yet" in said.out
    assert "ok slack The token speaks as finops in Lantern, to the channel C0LANTERN01." in said.out
    assert "Green, 1 to look at. Next: llm-finops backfill --days 90, then llm-finops summary" in said.out
    assert said.out.endswith("Next mapping: Not known yet: nothing is booked.")
    assert "warning providers.openai Coarser grain: costs by api_key_id" in said.out
    assert not (tmp_path / "home").exists()
    assert shop.standins.calls["/api/chat.postMessage"] == posted


def test_the_same_as_json(shop: Shop) -> None:
    said = shop.said("--json")

    assert said.code == 0
    assert json.loads(said.out)["green"] is True
    assert states(said) == {
        "finops.toml": ["ok"],
        "providers.openai": ["ok", "warning"],
        "providers.anthropic": ["ok"],
        "requests.gateway": ["ok"],
        "revenue.billing": ["ok"],
        "prices": ["ok"],
        "ledger": ["ok"],
        "slack": ["ok"],
    }


def test_a_wrong_key_is_refused_and_the_right_one_is_described(shop: Shop) -> None:
    said = shop.holding(OPENAI_ADMIN_KEY=f"sk-admin-{CANARY}").said()

    assert said.code == 1
    assert "problem providers.openai openai (account openai), usage/completions of" in said.out
    assert "answered 401 invalid_api_key" in said.out
    assert "OPENAI_ADMIN_KEY must hold an Admin API key (sk-admin-...) that may read usage" in said.out
    assert "It is made at https://platform.openai.com/settings/organization/admin-keys, by an owner" in said.out
    assert "So it is with costs and names." in said.out
    assert "ok providers.anthropic" in said.out  # one trouble does not hide the rest
    assert "1 problem, 0 to look at. Next mapping: Not known yet" in said.out


def test_a_projects_key_is_called_by_its_name(shop: Shop) -> None:
    said = shop.holding(OPENAI_ADMIN_KEY=PROJECT_KEY).said()

    assert said.code == 1
    assert "answered 403 missing_scope" in said.out
    assert "Missing scopes: api.usage.read" in said.out
    assert "It holds a project key. OPENAI_ADMIN_KEY must hold an Admin API key" in said.out
    assert "usage and costs need api.usage.read, the names of projects and keys api.management.read" in said.out


def test_a_key_that_may_not_list_names_is_a_warning(shop: Shop) -> None:
    def without_names(call: Call) -> Answer:
        if call.path.endswith("/projects"):
            error = {"message": "Missing scopes: api.management.read.", "code": "missing_scope"}
            return Answer(403, json.dumps({"error": error}).encode())
        return shop.standins.openai(call)

    served = serve(without_names)
    said = shop.configured((shop.standins.openai_url, f"{served.base_url}/v1")).said()
    served.stop()

    assert said.code == 0
    assert "warning providers.openai Usage and costs can be read, the names of projects and keys cannot" in said.out
    assert "Missing scopes: api.management.read" in said.out


def test_a_key_that_is_not_there_is_asked_for(shop: Shop) -> None:
    said = shop.holding(ANTHROPIC_ADMIN_KEY="").said()

    assert said.code == 1
    assert "problem providers.anthropic The environment variable ANTHROPIC_ADMIN_KEY is not set" in said.out
    assert "an Admin key (sk-ant-admin...) or one that may read analytics" in said.out


def test_a_key_of_another_vendor_is_not_shown_to_this_one(shop: Shop) -> None:
    before = shop.standins.calls["/v1/organization/usage/completions"]
    said = shop.holding(OPENAI_ADMIN_KEY=f"sk-ant-admin01-{CANARY}").said()

    assert said.code == 1
    assert "OPENAI_ADMIN_KEY holds a key of anthropic (see providers.anthropic); it was not sent." in said.out
    assert shop.standins.calls["/v1/organization/usage/completions"] == before


def test_a_typo_in_the_file_is_named_with_its_place(shop: Shop) -> None:
    said = shop.configured(("admin_key_env", "admin_key_enf")).said()

    assert said.code == 1
    assert "problem finops.toml" in said.out
    assert "examined.toml: providers.openai.admin_key_enf: unknown key; did you mean admin_key_env?" in said.out
    assert said.out.endswith("1 problem, 0 to look at. Next mapping: Not known: see the problems above.")


def test_a_log_that_cannot_be_read_is_named(shop: Shop) -> None:
    folder = shop.root / "broken"
    folder.mkdir(exist_ok=True)
    whole = next((shop.root / "requests").glob("*.parquet")).read_bytes()
    (folder / "half.parquet").write_bytes(whole[: len(whole) // 2])
    said = shop.configured(("requests/*.parquet", "broken/*.parquet")).said()

    assert said.code == 1
    assert "problem requests.gateway requests.gateway: " in said.out
    assert "half.parquet cannot be read" in said.out
    assert "Is it still being written?" in said.out


def test_a_log_that_is_not_there_and_one_with_other_columns(shop: Shop) -> None:
    assert (
        "No file matches nowhere/*.parquet" in shop.configured(("requests/*.parquet", "nowhere/*.parquet")).said().out
    )
    said = shop.configured(("customer_id", "kunde")).said()
    assert said.code == 1
    assert "has no column 'kunde'; it has request_id, ts, provider" in said.out


def test_columns_that_say_nothing_are_named_with_what_follows(shop: Shop) -> None:
    header = "id,ts,provider,model,customer,feature,key,tokens_in,tokens_out"
    rows = [f"r{n},{DAY}T10:00:0{n}Z,openai,gpt-5,,chat,,100,10" for n in range(3)]
    rows.append(f"r9,{DAY}T10:00:09Z,mistral,large,,chat,,100,")
    (shop.root / "odd.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    columns = 'id = "id", time = "ts", provider = "provider", model = "model", customer = "customer", '
    columns += 'feature = "feature", api_key = "key", input_total = "tokens_in", output = "tokens_out"'
    text = (shop.root / "finops.toml").read_text(encoding="utf-8")
    before = next(line for line in text.splitlines() if line.startswith("columns = ") and "request_id" in line)
    odd = shop.configured((before, f"columns = {{ {columns} }}"), ("requests/*.parquet", "odd.csv"))
    said = odd.said()

    assert said.code == 1
    assert "problem requests.gateway The column 'customer', mapped to customer, says nothing all day" in said.out
    assert "No request of the log finds its customer." in said.out
    assert "A mapped but empty key meets only usage without a key: leave api_key out of columns instead." in said.out
    assert "No account: 1 requests." in said.out
    assert "Tokens missing: 1 requests." in said.out
    assert "No list price for mistral large" in said.out


def test_a_model_under_another_name_explains_nothing_of_the_bill(shop: Shop) -> None:
    text = (shop.root / "finops.toml").read_text(encoding="utf-8")
    models = next(part for part in text.split("\n\n") if part.startswith("[models]"))
    said = shop.configured((models, "")).said()

    assert said.code == 0
    assert "requests are of the model gpt-5, which openai did not report that day" in said.out
    assert '[models] "gpt-5" = "gpt-5-2025-08-07"' in said.out


def test_files_of_money_are_read_too(shop: Shop) -> None:
    (shop.root / "costs.csv").write_text("BilledCost,BillingCurrency,ChargePeriodStart\n5,USD,soon\n", encoding="utf-8")
    (shop.root / "money.csv").write_text(
        "customer,feature,amount,currency,from,until\nacme,,5,USD,2026-01-01,2026-02-01\nacme,,5,,2026-01-01,2026-02-01\n",
        encoding="utf-8",
    )
    (shop.root / "wrong.csv").write_text("provider,model,meter,price_per_million\n", encoding="utf-8")
    changed = shop.configured(
        ("revenue/*.csv", "money.csv"),
        ("prices.csv", "wrong.csv"),
        ("[models]", '[costs.gpu]\npaths = "costs.csv"\n[models]'),
    )
    said = changed.said()

    assert said.code == 1
    assert "problem costs.gpu None of 1 rows can be counted, such as " in said.out
    assert "warning revenue.billing 2 rows, for 2026-01-01 to 2026-01-31. Nothing is known after that day" in said.out
    assert "1 of 2 rows cannot be counted" in said.out
    assert "problem prices " in said.out
    assert "no column 'currency'" in said.out


class _Refusing(socketserver.StreamRequestHandler):
    """A proxy that wants to know who asks, as companies have them."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def proxy() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_proxy_in_the_way_is_named_without_its_password(shop: Shop) -> None:
    with proxy() as place:
        far = shop.configured((shop.standins.openai_url, "https://api.openai.com/v1"))
        said = far.holding(HTTPS_PROXY=f"http://finops:{CANARY}@{place}").said()

    assert said.code == 1
    assert "407 Proxy Authentication Required" in said.out
    assert (
        f"The way leads through the proxy http://{place} (of HTTPS_PROXY or ALL_PROXY in the environment)" in said.out
    )
    assert "it must let api.openai.com:443 pass without opening the encryption" in said.out
    assert "export NO_PROXY=api.openai.com" in said.out
    assert "finops:" not in said.out
    assert "ok providers.anthropic" in said.out  # on this machine: no proxy is asked


def test_a_proxy_of_another_protocol_is_named_before_anything_is_sent(shop: Shop) -> None:
    far = shop.configured((shop.standins.openai_url, "https://api.openai.com/v1"))
    said = far.holding(HTTPS_PROXY=f"socks5://finops:{CANARY}@127.0.0.1:1080").said()

    assert said.code == 1
    assert "would go through the proxy socks5://127.0.0.1:1080" in said.out
    assert "whose protocol is not spoken here" in said.out


def test_a_web_page_instead_of_an_answer_is_called_that(shop: Shop) -> None:
    page = Answer(200, b"<html><body>Please sign in</body></html>", {"Content-Type": "text/html"})
    served = serve(lambda _: page)
    said = shop.configured((shop.standins.anthropic_url, served.base_url)).said()
    served.stop()

    assert said.code == 1
    assert "expected JSON, got text/html" in said.out
    assert "A web page came where an answer should be: is base_url right" in said.out


def test_nobody_at_the_other_end(shop: Shop) -> None:
    served = serve(lambda _: Answer(200, b"{}"))
    served.stop()
    said = shop.configured((shop.standins.anthropic_url, served.base_url)).said()

    assert said.code == 1
    assert "gave up after 3 tries" in said.out
    assert f"Is {served.base_url} reachable from here" in said.out


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("invalid_auth", "set a valid bot token (xoxb-...) of an app installed in this workspace"),
        ("account_inactive", "reinstall the app"),
    ],
)
def test_slack_says_what_is_wrong_with_its_token(shop: Shop, fault: str, words: str) -> None:
    shop.standins.slack.fail_next(Fault(error=fault))
    said = shop.said()

    assert said.code == 1
    assert f"problem slack asking Slack whose token this is: Slack answered {fault}" in said.out
    assert words in said.out


@pytest.mark.parametrize(
    ("scopes", "state", "words"),
    [
        (
            "chat:write,channels:history",
            ["warning", "ok"],
            "It lacks the scope files:write: the message goes out without",
        ),
        ("chat:write,files:write", ["warning"], "It lacks channels:history"),
        ("channels:history,files:write", ["problem"], "It lacks the scope chat:write"),
    ],
)
def test_slack_says_which_scope_the_token_lacks(shop: Shop, scopes: str, state: list[str], words: str) -> None:
    before, shop.standins.slack.scopes = shop.standins.slack.scopes, scopes
    try:
        assert words in shop.said().out
        assert states(shop.said("--json"))["slack"] == state
        uncharted = shop.configured(("[slack]", "[slack]\nchart = false"))
        assert "files:write" not in uncharted.said().out
    finally:
        shop.standins.slack.scopes = before


def test_a_channel_that_is_not_there_and_one_that_is_not_named(shop: Shop) -> None:
    assert "channel_not_found" in shop.configured(("C0LANTERN01", "#finops")).said().out
    text = shop.configured(('channel = "C0LANTERN01"', "")).said().out
    assert "There is a token but no channel: set [slack] channel or the environment variable SLACK_CHANNEL" in text
    assert "SLACK_BOT_TOKEN is not set: the morning's message is printed" in shop.holding(SLACK_BOT_TOKEN="").said().out


def test_the_ledger_is_looked_at_and_not_touched(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "home" / "ledger.sqlite"
    ledger = Ledger(sqlite_url(file))
    assert "ok ledger SQLite, schema " in shop.said().out
    with ledger.engine.begin() as connection:
        row = "insert into findings values (77, '2026-11-01', 'a', 'k', 's', 'u', 1, 'd')"
        connection.execute(sa.text(row))
    said = shop.said()
    assert (said.code, "1 rows belong to no version" in said.out) == (1, True)

    with ledger.engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    ledger.close()
    said = shop.said()
    assert "warning ledger It has schema 9999, which is not this program's" in said.out
    file.write_bytes(b"not a database, though it is long enough to look like one" * 20)
    assert "problem ledger the ledger's database cannot be read: file is not a database" in shop.said().out


@pytest.mark.parametrize(
    ("place", "words"), [("127.0.0.1:1", "the ledger's database cannot be read: "), ("host:port", "URL cannot be read")]
)
def test_a_databases_password_is_not_shown(shop: Shop, place: str, words: str) -> None:
    said = shop.holding(LLM_FINOPS_DATABASE_URL=f"postgresql://finops:{CANARY}@{place}/ledger").said()

    assert said.code == 1
    assert words in said.out


def test_it_needs_no_dagster(tmp_path: Path) -> None:
    (tmp_path / "finops.toml").write_text("start_date = 2026-11-01\n", encoding="utf-8")
    program = "import sys\nfrom llm_finops.cli import main\ntry: main()\nfinally: assert 'dagster' not in sys.modules"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LLM_FINOPS", "SLACK"))}
    done = subprocess.run(
        [sys.executable, "-c", program, "doctor"], cwd=tmp_path, env=kept, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "It names no cost: add [providers.NAME]" in done.stdout
    assert "AssertionError" not in done.stderr


def test_what_init_wrote_beside_a_companys_files_is_green_and_its_log_meets_the_bill(
    shop: Shop, tmp_path: Path
) -> None:
    """From nothing to green: two commands, and the addresses of the stand-ins."""
    for name in ("requests", "revenue"):
        (tmp_path / name).symlink_to(shop.root / name)
    flags = ("--log", "requests/*.parquet", "--revenue", "revenue/*.csv", "--start", str(WINDOW.first))
    keys = {name: value for name, value in shop.environment.items() if name != "LLM_FINOPS_CONFIG"}
    done = shop.command("init", "--provider", "openai", "--provider", "anthropic", *flags, environment=keys)
    assert done.code == 0
    file = tmp_path / "finops.toml"
    text = file.read_text(encoding="utf-8")
    for provider, url in (("openai", shop.standins.openai_url), ("anthropic", shop.standins.anthropic_url)):
        text = text.replace(f"[providers.{provider}]", f'[providers.{provider}]\nbase_url = "{url}"')
    file.write_text(text, encoding="utf-8")
    said = replace(shop, environment={**keys, "SLACK_BOT_TOKEN": ""}).said()

    assert said.code == 0
    assert f"ok requests.gateway {DAY}: " in said.out
    assert "maps no `customer`" not in said.out
    assert "says nothing all day" not in said.out
    # One of its columns alone needs a person: the short names of two models.
    assert '[models] "gpt-5" = "gpt-5-2025-08-07"' in said.out


def test_a_key_that_is_repeated_by_the_provider_is_in_no_log_line(tmp_path: Path) -> None:
    key = f"sk-admin-{CANARY}"
    refusal = json.dumps({"error": {"message": f"Incorrect API key provided: {key}", "code": "invalid_api_key"}})
    served = serve(lambda _: Answer(401, refusal.encode(), {"Set-Cookie": f"echo={key}"}))
    toml = f'start_date = 2026-11-01\n[providers.openai]\nbase_url = "{served.base_url}/v1"\n'
    (tmp_path / "finops.toml").write_text(toml, encoding="utf-8")
    program = "import logging; logging.basicConfig(level=logging.DEBUG); from llm_finops.cli import main; main()"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LLM_FINOPS", "SLACK"))}
    done = subprocess.run(
        [sys.executable, "-c", program, "doctor"],
        cwd=tmp_path,
        env={**kept, "OPENAI_ADMIN_KEY": key},
        capture_output=True,
        text=True,
        check=False,
    )
    served.stop()

    assert done.returncode == 1
    assert "Incorrect API key provided: [the key]" in " ".join(done.stdout.split())
    assert "DEBUG:httpcore" in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["finops.toml"]
