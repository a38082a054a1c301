"""Connectors of made-up providers, for the stories of these tests."""
