"""Facts and rules of the field: frozen dataclasses, the standard library only, no clock, no I/O."""
