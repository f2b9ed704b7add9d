"""One file a provider: each reads what its provider sends and sends through it; none knows another."""
