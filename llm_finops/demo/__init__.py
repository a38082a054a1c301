"""A made-up company whose truth is known for each request, and local stand-ins for the interfaces it would meet.

It shares no code with the connectors or the core, money included: integers of its own, so that one mistake cannot
hide on both sides of a comparison.
"""
