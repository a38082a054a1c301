"""finops.toml and the environment, read once and validated; every mistake is named with file and key."""

from llm_finops.config.config import Config, ConfigError, find_config, load

__all__ = ["Config", "ConfigError", "find_config", "load"]
