"""Owns Redis: a doorbell, a rate limiter and a wire for live screens, all of which may be emptied at any moment."""
