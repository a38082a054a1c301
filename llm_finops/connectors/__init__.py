"""One file a provider: what it counted and what it charged, read from its own interface (see contract.py)."""
