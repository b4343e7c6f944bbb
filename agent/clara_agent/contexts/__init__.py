"""Interpreters whose variables live on between calls. May use `io`, `wire`, `host` and `processes`. The modules that begin with `inside_` run in the interpreter and import nothing of the agent."""
