"""No key in any byte that a run writes or says, also where a provider refuses it and repeats it."""

import os
import subprocess
import sys
from pathlib import Path

from llm_finops_tests.connectors.server import Reply, serving

KEY = "sk-admin-canary-7c1f09ab-KEY"
TOKEN = "xoxb-canary-55d0-TOKEN"
REFUSAL = f'{{"error": {{"message": "Incorrect API key provided: {KEY}", "code": "invalid_api_key"}}}}'
PROGRAM = "import logging; logging.basicConfig(level=logging.DEBUG); from llm_finops.cli import main; main()"


def test_a_refused_key_is_named_by_its_account_and_found_nowhere(tmp_path: Path) -> None:
    with serving(lambda _: Reply(401, REFUSAL.encode(), {"Set-Cookie": f"echo={KEY}"})) as provider:
        (tmp_path / "finops.toml").write_text(
            f'start_date = 2026-11-20\n[providers.openai]\nbase_url = "{provider.url}/v1"\n'
            f'[slack]\nchannel = "C0"\nbase_url = "{provider.url}/api/"\n',
            encoding="utf-8",
        )
        (tmp_path / "clock").write_text("2026-11-22T06:30:00Z", encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LLM_FINOPS", "DAGSTER"))}
        ours = {"LLM_FINOPS_CLOCK": str(tmp_path / "clock"), "OPENAI_ADMIN_KEY": KEY, "SLACK_BOT_TOKEN": TOKEN}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "backfill", "--days", "1"],
            cwd=tmp_path,
            env={**kept, **ours},
            capture_output=True,
            check=False,
        )
        asked = [request.headers.get("authorization") for request in provider.requests]

    assert asked
    assert set(asked) == {f"Bearer {KEY}"}  # to the provider's own host it goes
    assert done.returncode == 1
    errors = done.stderr.decode()
    (failed,) = [line for line in errors.splitlines() if line.startswith("failed: openai_usage openai 2026-11-21: ")]
    assert "Incorrect API key provided: [the key]" in failed
    assert "OPENAI_ADMIN_KEY must hold an Admin API key" in failed
    assert "DEBUG:httpcore" in errors
    home = tmp_path / ".llm_finops"
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {"ledger.sqlite", "dagster.yaml"} <= {path.name for path in files}
    written = {str(path): path.read_bytes() for path in files} | {"stdout": done.stdout, "stderr": done.stderr}
    for secret in (KEY, TOKEN):
        assert [name for name, content in written.items() if secret.encode() in content] == []
    assert home.stat().st_mode & 0o077 == 0
