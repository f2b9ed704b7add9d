"""Use cases: what Muster does, told in terms of the domain, the engine and the ports."""
