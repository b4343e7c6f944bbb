from collections.abc import Callable
from typing import Any

class ExecutionResult:
    success: bool

class InteractiveShell:
    displayhook_class: Any
    display_pub_class: Any
    system: Callable[..., Any]
    execution_count: int
    exiter: Any
    user_ns: dict[str, Any]
    user_ns_hidden: dict[str, Any]

    @classmethod
    def instance(cls, *args: Any, **kwargs: Any) -> Any: ...
    def system_raw(self, cmd: str) -> None: ...
    def run_cell(self, raw_cell: str, store_history: bool = ..., silent: bool = ...) -> ExecutionResult: ...
    def showtraceback(self) -> None: ...
    def set_hook(self, name: str, hook: Callable[..., Any], priority: int = ...) -> None: ...
