"""Owns what is printed: PDF pages in every language offered, with fonts of their own."""
