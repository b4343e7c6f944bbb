"""What the agent knows of its sandbox: settings, memory, load. May use `io`, `wire` and `jobs`."""
