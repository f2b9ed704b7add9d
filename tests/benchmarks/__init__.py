"""Owns `make bench`: Muster's speed as ratios, each measured in one run beside what it is compared with."""
