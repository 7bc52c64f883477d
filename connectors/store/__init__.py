"""What must survive a restart: one store for SQLite and PostgreSQL, opened by an address."""

from connectors.store.sql import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
