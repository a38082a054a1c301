"""The README's pictures, made from the demo so that they do not go stale."""
