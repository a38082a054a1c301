"""finops.toml and the environment, read once and validated; every mistake is named with file and key."""

from llm_finops.config.config import Config, ConfigError, find_config, load
from llm_finops.config.settings_of import asset_name

__all__ = ["Config", "ConfigError", "asset_name", "find_config", "load"]
