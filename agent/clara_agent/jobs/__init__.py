"""Long work in a forked child. May use `io` and `wire`."""
