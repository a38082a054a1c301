"""Dagster around the verbs: every asset gathers from the ledger, decides with one pure verb, books a version."""
