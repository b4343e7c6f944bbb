"""What a job is given, for the type checker: nothing imports this when the agent runs."""
from __future__ import annotations

from typing import Any, Callable, Dict, Optional

# Does the work with the child's ends of its pipes; what it returns answers the call.
Task = Callable[[Any, Any], Optional[Dict[str, Any]]]
