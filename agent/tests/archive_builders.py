"""Archives in memory: what the tests of archives unpack, and what is in one."""

from __future__ import annotations

import io
import tarfile
import zipfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def tar_of(*entries: Any, mode: Any = "w") -> bytes:
    """A tar archive of (name, content or TarInfo attributes)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, dict):
                for key, value in content.items():
                    setattr(info, key, value)
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zip_of(*entries: Any) -> bytes:
    """A zip archive of (name, content, external attributes)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content, *mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = (mode[0] if mode else 0o644) << 16
            file.writestr(info, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def names_in(data: bytes) -> list[str]:
    """The names in an archive."""
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return file.namelist()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()


def link(target: Any, kind: Any = tarfile.SYMTYPE) -> dict[str, Any]:
    """The attributes of an entry that is a link."""
    return {"type": kind, "linkname": target}
