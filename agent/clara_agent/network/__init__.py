"""The way out of the sandbox: an HTTP proxy over channels; the way in: tunnels to what listens. May use `io` and `wire`."""
