"""The name under which the manager's published client is imported."""
