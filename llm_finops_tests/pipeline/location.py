"""The little company as a location that Dagster itself can load; the environment says where it is, as for ours."""

import os

import dagster as dg

from llm_finops.config import load
from llm_finops.definitions import build
from llm_finops.pipeline.work import Finops
from llm_finops_tests.pipeline import made


@dg.definitions
def defs() -> dg.Definitions:
    return build(load(os.environ, made), Finops(os.environ, package=made))
