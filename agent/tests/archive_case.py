"""Base of tests that unpack."""

from __future__ import annotations

import os

from case import AgentCase
from client import CallFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from typing import Any

LIMITS = {"entries": 1000, "bytes": 50000000, "ratio": 1000}


class ArchiveCase(AgentCase):
    folder: str
    number = 0

    def setUp(self) -> None:
        super().setUp()
        ArchiveCase.number += 1
        self.folder = "f%d" % ArchiveCase.number

    def unpack(self, data: bytes, form: Any = "tar", destination: Any = None, encoding: Any = None, **limits: Any) -> Answer:
        """The RESULT of an archive that is sent."""
        return self.client.call("unpack", data, destination=destination or self.folder, format=form, limits=dict(LIMITS, **limits), encoding=encoding)

    def extract(self, data: bytes, **parameters: Any) -> Answer:
        """The RESULT of an archive that lies in the sandbox."""
        self.write_file("archive", data)
        return self.client.call("extract", path="archive", destination=self.folder, limits=LIMITS, **parameters)

    def refusal(self, data: bytes, form: Any = None, **parameters: Any) -> tuple[str, str]:
        """Why an archive is refused, as its code and sentence; nothing of it may be there."""
        with self.assertRaises(CallFailed) as caught:
            self.unpack(data, form, **parameters) if form else self.extract(data, **parameters)
        self.assertEqual(self.found(), {})
        self.assertRegex(caught.exception.message, r"^[A-Z].*[.]$")
        return caught.exception.code, caught.exception.message

    def found(self, folder: Any = None) -> dict[str, Any]:
        """Relative path to content, link target or None for a folder."""
        top = os.fsencode(self.sandbox.path(folder or self.folder))
        result = {}
        for place, folders, files in os.walk(top):
            for name in folders + files:
                path = os.path.join(place, name)
                key = os.fsdecode(os.path.relpath(path, top))
                if os.path.islink(path):
                    result[key] = "-> " + os.fsdecode(os.readlink(path))
                elif os.path.isdir(path):
                    result[key] = None
                else:
                    with open(path, "rb") as file:
                        result[key] = file.read()
        return result
