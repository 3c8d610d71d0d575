"""Measurements; every script takes any folder or archive of pictures."""
