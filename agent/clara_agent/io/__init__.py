"""Descriptors, pipes, child processes and the loop that waits for them. May use nothing of the agent."""
