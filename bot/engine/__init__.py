"""Owns dialogue as pure functions: text is read, one step leads to the next; no clock, no I/O but flow files."""
