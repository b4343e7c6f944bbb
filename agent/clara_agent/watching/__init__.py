"""Changes of files, as the kernel tells them. May use `io` and `wire`."""
