"""What the manager's API takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, List, Optional, Union

from pydantic import BaseModel, Field

from .models import Model


class VolumeConfig(BaseModel):
    """A volume of a new sandbox; `size` is a number with k, m or g."""

    size: str = "512m"
    driver: str = "local"
    network: bool = False
    mount_path: Optional[str] = None


class ResourceConfig(BaseModel):
    """What a new sandbox may take; `timeout` in seconds from its start."""

    cpu: float = Field(default=1.0, ge=0.1, le=8.0)
    memory: str = Field(default="512m")
    gpu: Optional[str] = None
    timeout: Optional[int] = None
    max_retries: Optional[int] = None


class PortConfig(BaseModel):
    """A port of a new sandbox that is to be reached from outside."""

    internal: int = Field(ge=1, le=65535)
    external: Optional[int] = None
    protocol: str = "http"
    subdomain: Optional[str] = None


class CreateSandboxRequest(BaseModel):
    """What a new sandbox is made of."""

    image: str
    name: Optional[str] = None
    volumes: Optional[Dict[str, VolumeConfig]] = None
    environment: Optional[Dict[str, str]] = None
    resources: Optional[ResourceConfig] = None
    command: Optional[str] = None
    entrypoint: Optional[Union[str, List[str]]] = None
    force_build: Optional[bool] = False
    build_context: Optional[Dict[str, str]] = None
    ports: Optional[List[PortConfig]] = None
    auto_remove: Optional[bool] = None


class Sandbox(Model):
    """A sandbox of the manager's API; `container_id` and `name` name it in a call."""

    id: int
    container_id: str
    name: str
    status: str
    image: str
    environment: Dict[str, str] = {}
    urls: Dict[str, Optional[str]] = {}
    ports: List[Dict[str, Any]] = []
    volumes: List[Dict[str, Any]] = []


class CommandResult(Model):
    """How a command ended; `output` is both streams in order."""

    output: str
    exit_code: int
    stdout: str = ""
    stderr: str = ""


class Entrypoint(Model):
    """What the main process of a sandbox is."""

    entrypoint: Optional[List[str]] = None
    command: Optional[List[str]] = None


class DirectoryEntry(Model):
    """A name in a volume."""

    name: str
    type: str


class LogEntry(Model):
    """A line of the log; `log_type` is stdout, stderr or system."""

    timestamp: datetime
    log_type: str
    level: str
    message: str


class MetricData(Model):
    """What a sandbox takes; `cpu_usage` in percent of one CPU, the rest in bytes."""

    timestamp: datetime
    cpu_usage: float
    memory_usage: int
    memory_limit: int
    network_rx_bytes: int
    network_tx_bytes: int
    block_read_bytes: int
    block_write_bytes: int


class Alert(Model):
    """Something that was near its limit, or failed; `severity` is warning or critical."""

    timestamp: datetime
    alert_type: str
    severity: str
    message: str
    resolved: bool
    resolved_at: Optional[datetime] = None
