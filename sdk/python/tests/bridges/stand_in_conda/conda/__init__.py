"""Stands in for conda, which no package index has: the names of its hook specifications and types, with the real pluggy underneath."""
