"""Muster reaches migrant workers in a crisis, in their own language, and hears them."""
