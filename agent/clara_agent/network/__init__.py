"""The way out of the sandbox: a proxy of HTTP and SOCKS over channels; the way in: tunnels to what listens. May use `io` and `wire`."""
