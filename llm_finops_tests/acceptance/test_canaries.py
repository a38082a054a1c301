"""A canary in every secret, found in no byte afterwards but on its way to its own host.

Planted: the key of every account (OpenAI's and Anthropic's), the Slack token, the passwords of the ledger's URL (which
is Dagster's too), of the URL of a move and of HTTPS_PROXY, and keys in mistyped places of finops.toml.

What happens meanwhile: doctor, backfill, the Slack sensor, explain, fingerprint, move, and crashes with
LLM_FINOPS_TRACEBACK=1, all with DEBUG logging of dagster, httpx, httpcore, slack_sdk and the rest; providers that
answer whole, and with the key repeated in headers and bodies: 401, 500, a cut line, broken JSON, an unreadable amount,
a redirect to another host; a proxy that refuses; a Slack that refuses and repeats the token, then takes the message
and its chart.

Searched: every file below the company's folder (finops.toml, the ledger with its WAL, the file a ledger was moved to,
Dagster's home with dagster.yaml, runs, events, ticks, snapshots and logs of steps), every cell of every table of every
schema of the PostgreSQL database and of all SQLite files, what is packed in cells and files (zlib, gzip), standard
output and error (with what a run's process would be started with), the arguments of the process, the bodies that Slack
received, all that came where it takes files, and whatever another host heard. As it is, as URLs spell it, in base64.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from llm_finops.demo.clock import Clock
from llm_finops.demo.play import company
from llm_finops.demo.standins import Standins
from llm_finops.demo.standins.server import Answer, App, Call, serve
from llm_finops.demo.standins.slack_files import UPLOADS
from llm_finops.demo.world import Window
from llm_finops_tests.acceptance.playing import ROOT
from llm_finops_tests.acceptance.searching import database, files, forms, places

pytestmark = pytest.mark.slow
WINDOW = Window(date(2026, 11, 5), 2)
AFTER = datetime(2026, 11, 8, 6, 30, tzinfo=UTC)
FAULTS = {
    "401": "openai",
    "500": "anthropic",
    "cut": "openai",
    "broken": "anthropic",
    "amount": "openai",
    "redirect": "anthropic",
    "proxied": "openai",
}
LEDGER, MOVED, PROXY = "ledgerCanary5521", "moveCanary7704", "proxyCanary9138"
MISTYPED = "sk-admin-mistypedCanary6f20ab91"
ACCOUNT = """
[providers.{name}]
connector = "{connector}"
admin_key_env = "{variable}"
base_url = "{url}"
"""


@dataclass
class Heard:
    """What came to hosts: bodies that Slack got, and everything that another host got."""

    slack: list[bytes] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


def _key(connector: str, fault: str) -> str:
    return f"sk-{connector}-admin-canary-{fault}-88d1f0"


def _echo(app: App) -> App:
    """The provider, with the key it was asked by in a header and in the body of each answer."""

    def answer(call: Call) -> Answer:
        said = app(call)
        key = _of(call)
        body = json.loads(said.body)
        return replace(said, body=json.dumps({**body, "debug": key}).encode(), headers={**said.headers, "X-Echo": key})

    return answer


def _of(call: Call) -> str:
    return (call.headers.get("authorization") or call.headers.get("x-api-key") or "").removeprefix("Bearer ")


def _faulty(elsewhere: str) -> App:
    """Answers by the fault that the path begins with, the key repeated in each."""

    def answer(call: Call) -> Answer:
        fault, key = call.path.split("/")[1], _of(call)
        said = json.dumps({"error": {"message": f"no: {key}", "code": key}}).encode()
        echoed = {"Set-Cookie": f"key={key}"}
        if fault in {"401", "500"}:
            return Answer(int(fault), said, echoed)
        if fault == "redirect":
            return Answer(302, said, {"Location": f"{elsewhere}/?key={key}", **echoed})
        if fault == "amount":
            row = {"object": key, "amount": {"value": key, "currency": key}, "results": key}
            return Answer(200, json.dumps({"object": "page", "data": [row], "has_more": key}).encode(), echoed)
        return Answer(200, said[:-2] + b" " * 64, echoed, cut=fault == "cut")

    return answer


def _elsewhere(heard: Heard) -> App:
    def answer(call: Call) -> Answer:
        heard.elsewhere.append(str(call))
        return Answer(200, b"{}")

    return answer


def _slack(standins: Standins, heard: Heard) -> App:
    """First a refusal that repeats the token, then the workspace as it is."""

    def answer(call: Call) -> Answer:
        heard.slack.append(call.path.encode() + b" " + call.body)
        if call.path.startswith(UPLOADS):  # in truth another host
            heard.slack.append(repr(call.headers).encode())
        if sum(b"chat.postMessage" in body for body in heard.slack) == 1 and call.path.endswith("chat.postMessage"):
            return Answer(500, json.dumps({"ok": False, "error": _of(call)}).encode(), {"X-Echo": _of(call)})
        return standins.slack(call)

    return answer


@dataclass
class Planted:
    root: Path
    environment: dict[str, str]
    secrets: dict[str, str]
    heard: Heard


@contextmanager
def _planted(root: Path) -> Iterator[Planted]:
    """The demo's company of two days, and an account for each connector and fault, each with a key of its own."""
    home, heard = root / "home", Heard()
    Clock(home / "clock").advance_to(AFTER)
    with company(home, WINDOW) as (environment, standins):
        served = [serve(_elsewhere(heard))]
        served += [serve(app) for app in (_faulty(served[0].base_url), _echo(standins.openai))]
        served += [serve(app) for app in (_echo(standins.anthropic), _slack(standins, heard))]
        _, faulty, openai, anthropic, slack = (one.base_url for one in served)
        secrets = dict(standins.environment)
        file = home / "finops.toml"
        toml = file.read_text(encoding="utf-8").replace(standins.openai_url, f"{openai}/v1")
        toml = toml.replace(standins.anthropic_url, anthropic).replace(standins.slack_url, f"{slack}/api/")
        toml = toml.replace(
            "[requests.gateway]", '[requests.gateway]\nspeaks_for = { accounts = ["openai", "anthropic"] }'
        )
        (home / "whole.toml").write_text(toml, encoding="utf-8")
        for fault, connector in FAULTS.items():
            variable = f"{connector}_{fault}".upper()
            secrets[variable] = _key(connector, fault)
            url = "https://api.proxied.invalid" if fault == "proxied" else f"{faulty}/{fault}"
            toml += ACCOUNT.format(name=f"{connector}-{fault}", connector=connector, variable=variable, url=url)
        file.write_text(toml, encoding="utf-8")
        environment |= {**secrets, "HTTPS_PROXY": f"http://me:{PROXY}@{faulty.removeprefix('http://')}", "NO_PROXY": ""}
        yield Planted(root, environment, {**secrets, "proxy": PROXY, "mistyped": MISTYPED}, heard)
        for one in served:
            one.stop()


def _with_password(url: str, password: str) -> str:
    assert "postgres:@" in url
    return url.replace("postgres:@", f"postgres:{password}@")


def _mistyped(folder: Path) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Configurations with a key where it does not belong; they lie elsewhere, since they hold it."""
    for number, lines in enumerate(
        [
            f'[providers.openai]\nadmin_key_env = "{MISTYPED}"',
            f'[providers.openai]\nbase_url = "https://{MISTYPED}@api.openai.com/v1"',
            f'[providers.openai]\nadmin_key = "{MISTYPED}"',
            f'[providers."{MISTYPED}"]',
            f'[slack]\ntoken_env = "{MISTYPED}"',
            f'start_date = "{MISTYPED}"',
            f'[providers.openai]\nadmin_key_env = "{MISTYPED}',
        ]
    ):
        file = folder / f"{number}.toml"
        file.write_text(("" if "start_date" in lines else "start_date = 2026-11-04\n") + lines, encoding="utf-8")
        yield ["doctor"], {"LLM_FINOPS_CONFIG": str(file)}
        yield ["backfill", "--days", "1"], {"LLM_FINOPS_CONFIG": str(file)}


def _story(other: str, root: Path, folder: Path) -> list[tuple[list[str], dict[str, str]]]:
    day, traced = str(WINDOW.until), {"LLM_FINOPS_TRACEBACK": "1"}
    whole = {"LLM_FINOPS_CONFIG": str(root / "home" / "whole.toml")}
    nowhere = f"postgresql://me:{LEDGER}@127.0.0.1:1/finops"
    return [
        (["doctor"], {}),
        (["backfill", "--from", str(WINDOW.first), "--to", day], {}),
        (["backfill", "--from", str(WINDOW.first), "--to", day], whole),
        (["tick"], whole),
        (["tick", "later"], whole),
        (["explain", "--customer", "northwind", "--day", day], {}),
        (["fingerprint", "--json"], {}),
        (["move", "--to-env", "OTHER"], {"OTHER": other}),
        (["fingerprint"], {**traced, "LLM_FINOPS_DATABASE_URL": other}),
        (["move", "--to", f"postgresql://me:{MOVED}@db/finops"], {}),
        (["move", "--to-env", "OTHER"], {**traced, "OTHER": other}),
        (["backfill", "--days", "1"], {**traced, "LLM_FINOPS_DATABASE_URL": nowhere}),
        (["fingerprint"], {**traced, "LLM_FINOPS_DATABASE_URL": f"{nowhere}@/x"}),
        (["fingerprint"], {**traced, "LLM_FINOPS_DATABASE_URL": nowhere.replace(":1", ":port")}),
        (["doctor"], {"LLM_FINOPS_DATABASE_URL": nowhere}),
        (["explain", "--customer", "nobody", "--day", "2020-01-01"], traced),
        *_mistyped(folder),
    ]


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_no_canary_in_any_byte(tmp_path: Path, postgres_url: str, on: str) -> None:
    folder, root = tmp_path / "mistyped", tmp_path / "company"
    folder.mkdir()
    server = _with_password(postgres_url, MOVED if on == "sqlite" else LEDGER)
    other = server if on == "sqlite" else f"sqlite:///{root}/moved.sqlite"
    with _planted(root) as planted:
        known = {**planted.environment, **({} if on == "sqlite" else {"LLM_FINOPS_DATABASE_URL": server})}
        child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "llm_finops_tests.acceptance.commands"],
            cwd=ROOT,
            env={name: value for name, value in known.items() if not name.startswith("DAGSTER")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        arguments = Path(f"/proc/{child.pid}/cmdline")
        seen = arguments.read_bytes() if arguments.exists() else b""
        out, err = child.communicate(json.dumps(_story(other, root, folder)).encode(), timeout=300)
        heard = planted.heard
    (tmp_path / "out").write_bytes(out)
    (tmp_path / "err").write_bytes(err)

    secrets = {**planted.secrets, "ledger": LEDGER, "move": MOVED}
    content = {**files(root), **database(server), "stdout": out, "stderr": err, "arguments": seen}
    content["slack"] = b"\n".join(heard.slack)
    assert places(forms(secrets), content) == []
    assert heard.elsewhere == []
    _it_happened(out.decode(), err.decode(), content, on)


def _it_happened(out: str, err: str, content: dict[str, bytes], on: str) -> None:
    """Each of the stories took place: an empty log holds no secret either."""
    ends = [line.rpartition(" ended with ")[2] for line in out.splitlines() if line.startswith("-- ")]
    assert ends[:9] == ["1", "1", "0", "[False]", "[True]", "0", "0", "0", "0"], out[-3_000:]
    assert ends[9] == "2"
    assert set(ends[10:14]) == {"LedgerError", "OperationalError"}, ends  # each crashed for want of a database
    assert ends[14] == "1"
    assert len(ends[16:]) == 14
    assert set(ends[16:]) == {"1"}
    for fault, connector in FAULTS.items():
        assert f"failed: {connector}_{fault}_usage {connector}-{fault} " in err
    assert "[the key]" in err
    assert "DEBUG:httpcore" in err
    assert content["slack"].count(b"chat.postMessage") == 2
    assert content["slack"].count(UPLOADS.encode()) == 1
    assert b"\x89PNG" in content["slack"]
    events = "dagster.event_logs" if on == "postgresql" else "home/dagster/history/runs.db, cells"
    assert {"home/dagster/dagster.yaml", "home/finops.toml", "public.versions", events} <= content.keys()
    assert b"STEP_" in b"".join(content.values())
