from typing import Any

class ExitAutocall:
    rewrite: bool
    # The shell that it was made with.
    _ip: Any

    def __init__(self, ip: Any = ...) -> None: ...
