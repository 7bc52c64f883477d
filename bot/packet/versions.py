"""What a packet says of the knowledge that gave its answers."""

from hashlib import sha256

from knowledge.library import Library


def knowledge_version(library: Library) -> str:
    """How many entries there are, and the SHA-256 (hex) of all that they say: other words, other digits."""
    digest = sha256()
    for name in sorted(library.entries):
        digest.update(library.entries[name].model_dump_json().encode())
    return f"{len(library.entries)} entries, SHA-256 {digest.hexdigest()}"
