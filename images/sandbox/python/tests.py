"""After _pytest.assertion.rewrite: tests are compiled again after each change, as modules are (sources.py)."""
import os

from sitecustomize import changed_ns


def after(module):
    """Lets a compiled test serve only while its source is as it was."""
    read = getattr(module, "_read_pyc", None)

    def read_fresh(source, compiled, *rest, **named):
        try:
            if os.stat(compiled).st_mtime_ns <= changed_ns(os.fspath(source)):
                return None
        except OSError:
            pass
        return read(source, compiled, *rest, **named)

    if read is not None:
        module._read_pyc = read_fresh
