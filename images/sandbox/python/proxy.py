"""After aiohttp.client: its sessions trust the environment by default, as urllib, requests and httpx do, so that they find the proxy."""


def after(module):
    """Lets sessions find the proxy."""
    defaults = getattr(getattr(module, "ClientSession", object).__init__, "__kwdefaults__", None)
    if defaults and "trust_env" in defaults:
        defaults["trust_env"] = True
