"""What a running program tells those who run it: its log, and figures of what it does."""
