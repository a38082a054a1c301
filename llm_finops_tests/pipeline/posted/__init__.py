"""The paper provider once more, reached over HTTP: its answers are pages, which are kept and replayed."""
