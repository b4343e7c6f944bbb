"""Zygotes, and the fork that a Python run is. May use `io`, `wire`, `host`, `files` and `display`."""
