from typing import Any

class Type:
    def __init__(self, klass: Any) -> None: ...
