"""Payloads of hook points, by catalog."""
