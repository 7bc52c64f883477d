"""Decides: holds the nouns, the ports and the use cases; touches nothing outside."""
