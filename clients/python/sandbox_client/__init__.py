"""Client of Clara Sandbox: a computer for every user, over REST."""

from ._async.clara import ClaraClient
from ._async.manager import SandboxClient
from ._sync.clara import SyncClaraClient
from ._sync.manager import SyncSandboxClient
from .errors import (
    SandboxConnectionError,
    SandboxError,
    SandboxNotFoundError,
    SandboxOperationError,
    SandboxTimeoutError,
    SandboxValidationError,
    SandboxVolumeError,
)
from .manager_models import (
    Alert,
    CommandResult,
    CreateSandboxRequest,
    DirectoryEntry,
    Entrypoint,
    LogEntry,
    MetricData,
    PortConfig,
    ResourceConfig,
    Sandbox,
    VolumeConfig,
)
from .models import ChangedFile, Checkpoint, CodeError, Context, Entry, Event, Execution, Match, Port, Process, Result, SandboxInfo

__all__ = [
    "Alert",
    "ChangedFile",
    "Checkpoint",
    "ClaraClient",
    "CodeError",
    "CommandResult",
    "Context",
    "CreateSandboxRequest",
    "DirectoryEntry",
    "Entry",
    "Entrypoint",
    "Event",
    "Execution",
    "LogEntry",
    "Match",
    "MetricData",
    "Port",
    "PortConfig",
    "Process",
    "ResourceConfig",
    "Result",
    "Sandbox",
    "SandboxClient",
    "SandboxConnectionError",
    "SandboxError",
    "SandboxInfo",
    "SandboxNotFoundError",
    "SandboxOperationError",
    "SandboxTimeoutError",
    "SandboxValidationError",
    "SandboxVolumeError",
    "SyncClaraClient",
    "SyncSandboxClient",
    "VolumeConfig",
]
