"""Owns the ways by which word of a waiting case leaves the house: one file a way; none is told of a person."""
