"""A pretend NDES with its own PKI and many faults, on loopback only: for the playground, for drills and for tests."""
