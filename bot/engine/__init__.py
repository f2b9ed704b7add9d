"""Owns dialogue as pure functions: flows are loaded, text is read, and one step leads to the next; nothing here has a clock or I/O."""
