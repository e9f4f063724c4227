"""Looks under hands: brought in, read off the running show, kept, and brought back."""
