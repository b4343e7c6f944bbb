"""The connection to the server: frames, channels, hand-over, what goes wrong, and the shape of an operation. May use `io`."""
