"""The environment of everything that the agent runs."""

from __future__ import annotations

import os

from ..io.process import find_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def environment_of(inherited: Mapping[bytes, bytes], config: dict[str, Any]) -> dict[bytes, bytes]:
    """The image's own environment with the sandbox's on top, as bytes to bytes; what pip and npm install for the user is found by its name."""
    scripts = os.fsencode(config["packages"]) + b"/bin"
    environment = dict(inherited)
    environment[b"PATH"] = scripts + b":" + environment.get(b"PATH", os.fsencode(os.defpath))
    for name, value in config.get("env", {}).items():
        environment[name.encode("utf-8", "surrogateescape")] = value.encode("utf-8", "surrogateescape")
    preload = os.fsencode(config.get("nodePreload") or "")
    # A sandbox that was made before there was such a file has none, and Node starts with nothing that is not there.
    if preload and os.path.exists(preload):
        options = environment.get(b"NODE_OPTIONS")
        environment[b"NODE_OPTIONS"] = b" ".join(([options] if options else []) + [b"--require=" + preload])
    return environment


def present_programs(config: dict[str, Any]) -> list[str]:
    """Those of the programs that the config asks for that the image itself has."""
    asked = config.get("programs", [])
    missing = find_missing(map(os.fsencode, asked), os.environb)
    return [program for program in asked if os.fsencode(program) not in missing]
