"""Pure nouns and verbs: no I/O, no Dagster, no SQL, no clock."""
