# Part of sitecustomize: aiohttp goes through the proxy that the environment names, as urllib, requests and httpx do.
import os as _os
import sys as _sys


class _AiohttpFinder:
    """Lets aiohttp's sessions trust the environment by default, when and if aiohttp is imported."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "aiohttp.client":
            return None
        _sys.meta_path.remove(cls)
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        execute = getattr(spec and spec.loader, "exec_module", None)
        if execute is not None:
            def exec_module(module):
                execute(module)
                defaults = getattr(getattr(module, "ClientSession", object).__init__, "__kwdefaults__", None)
                if defaults and "trust_env" in defaults:
                    defaults["trust_env"] = True

            spec.loader.exec_module = exec_module
        return spec


if any(_os.environ.get(_name) for _name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")):
    _sys.meta_path.insert(0, _AiohttpFinder)
