"""Programs from their start to their result. May use `io`, `wire`, `host`, `python` and `watching`."""
