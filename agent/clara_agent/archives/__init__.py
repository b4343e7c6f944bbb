"""Packing and unpacking. May use `io`, `wire`, `jobs` and `files`."""
