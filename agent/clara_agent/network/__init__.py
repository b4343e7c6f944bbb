"""The way out of the sandbox: an HTTP proxy over channels. May use `io` and `wire`."""
