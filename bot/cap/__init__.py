"""Owns the Common Alerting Protocol 1.2: alerts of others in, ours out; the schema is OASIS's, with its notice."""
