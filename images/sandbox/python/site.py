"""Part of the interpreter's sitecustomize, behind sources.py: what Python in a sandbox does that it does not elsewhere."""
import os as _os
import sys as _sys


class _Additions:
    """Finds modules as ever, and lets some of them be followed by a file of /usr/lib/clara/python when and if they are imported."""

    FILES = {
        "matplotlib.font_manager": "fonts",
        "_pytest.assertion.rewrite": "tests",
        "psutil._pslinux": "network",
        "zmq.sugar.socket": "zeromq",
    }
    if any(_os.environ.get(name) for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")):
        FILES["aiohttp.client"] = "proxy"

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        file = cls.FILES.pop(name, None)
        if file is None:
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        execute = getattr(spec and spec.loader, "exec_module", None)
        if execute is not None:

            def exec_module(module):
                addition = {}
                try:
                    path = "/usr/lib/clara/python/%s.py" % file
                    with open(path, encoding="utf-8") as source:
                        exec(compile(source.read(), path, "exec"), addition)
                except Exception:
                    addition.clear()
                addition.get("before", id)(module)
                execute(module)
                addition.get("after", id)(module)

            spec.loader.exec_module = exec_module
        return spec


follow_sources()
_sys.meta_path.insert(0, _Additions)
