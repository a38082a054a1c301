"""A process that sends what is due of the company in its environment, for a test to kill."""

import os

from llm_finops.pipeline.deliver import deliver_all, due_now
from llm_finops.pipeline.work import Finops
from llm_finops_tests.pipeline import made

if __name__ == "__main__":
    with Finops(os.environ, package=made).work("") as work:
        new, more = due_now(work)
        list(deliver_all(work, [*new, *more]))
