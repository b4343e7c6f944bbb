"""The connection to the server: frames, channels, hand-over, and the shape of an operation. May use `io`."""
