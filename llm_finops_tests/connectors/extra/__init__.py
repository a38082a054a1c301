"""Connectors of the tests' own, found like those of the house."""
