"""Knows: entries, number tables, and the reading of a text; imports nothing else of the house."""
