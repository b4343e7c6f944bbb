"""The agent: all work inside a sandbox, for the server at the other end of one stream (docs/agent-protocol.md)."""
