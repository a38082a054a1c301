"""Local stand-ins for OpenAI's and Anthropic's reports and for Slack: real HTTP on this machine, and only there."""

from llm_finops.demo.standins.running import Standins

__all__ = ["Standins"]
