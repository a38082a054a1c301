"""Every configured source, met once for real before anything is booked: what is well, what is missing, what to do.

A read of one day each; nothing is written but a scratch folder that goes again, and no key is ever shown.
"""

from llm_finops.doctor.check import OK, PROBLEM, WARNING, Check
from llm_finops.doctor.examine import examine
from llm_finops.doctor.proposals import Proposal, proposals

__all__ = ["OK", "PROBLEM", "WARNING", "Check", "Proposal", "examine", "proposals"]
