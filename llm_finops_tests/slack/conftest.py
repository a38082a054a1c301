"""A workspace and its channel, for every test of this folder."""

from collections.abc import Iterator

import pytest

from llm_finops.slack import Slack
from llm_finops_tests.slack.workspace import TOKEN, Workspace, serving


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with serving(Workspace()) as space:
        yield space


@pytest.fixture
def slack(workspace: Workspace) -> Slack:
    return Slack(TOKEN, "C0FINOPS", workspace.url, timeout_s=1)
