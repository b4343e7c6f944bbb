"""The same as `sandbox_client`."""

from sandbox_client import *  # noqa: F403
