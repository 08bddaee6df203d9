"""Fixtures for pytest: programs behind the link of a run."""
