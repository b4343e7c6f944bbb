"""Base of tests that pack."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import zipfile

from case import AgentCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from collections.abc import Callable
    from typing import Any

FORMS = "tar", "zip"
NOBODY = 65534


def in_child(work: Callable[[], object], is_nobody: bool = False) -> Any:
    """What `work()` returns as text, done by a process of its own, as a user without rights where there is one to be had."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            if is_nobody and os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            answer = str(work())
        except BaseException as error:
            answer = "%s: %s" % (type(error).__name__, error)
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        answer = file.read()
    os.waitpid(pid, 0)
    return answer


def names_in(data: bytes) -> list[str]:
    """The names in an archive, folders without a slash; raises where it is none that is whole."""
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            assert file.testzip() is None
            return sorted(name.rstrip("/") for name in file.namelist())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return sorted(tar.getnames())


class PackingCase(AgentCase):
    number = 0

    def setUp(self) -> None:
        super().setUp()
        PackingCase.number += 1
        self.folder = "p%d" % PackingCase.number
        os.makedirs(self.sandbox.path(self.folder))
        os.chmod(self.sandbox.root, 0o755)
        self.addCleanup(os.chdir, os.getcwd())

    def tearDown(self) -> None:
        # Not by Python, which cannot go as deep.
        subprocess.run(["rm", "-rf", self.path()], check=True)

    def path(self, name: Any = "") -> bytes:
        return os.path.join(os.fsencode(self.sandbox.path(self.folder)), os.fsencode(name)) if name else os.fsencode(self.sandbox.path(self.folder))

    def put(self, name: Any, content: bytes = b"") -> None:
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content)

    def make_deep(self, depth: int, files: Any = ("file",)) -> None:
        self.python("import os\nos.chdir('%s')\nfor _ in range(%d):\n    os.mkdir('d')\n    os.chdir('d')\nfor n in %r:\n    open(n, 'w').write('x')" % (self.folder, depth, files))

    def packed(self, form: Any, name: Any = None) -> Answer:
        return self.client.call("pack", path=name or self.folder, format=form)
