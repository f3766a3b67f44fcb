"""Bridges: frameworks whose own hooks fire Outrigger's, unmodified. Each needs its framework installed."""
