"""Programs from their start to their result. May use `io`, `wire`, `host` and `python`."""
