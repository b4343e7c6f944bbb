"""The operation `hash`: the digest of a file, in a child."""

from __future__ import annotations

import os

from ..wire.errors import Failure, from_os_error
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..wire.parameters import take, take_path, to_text
from .read import open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "sha3_256", "sha3_512")
CHUNK = 1 << 20


class Hash(JobOperation):
    """Reads a regular file to its end."""

    def start(self) -> None:
        """Looks at the file, and leaves the rest to the child."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        algorithm = take(self.parameters, "algorithm", str, "sha256")
        if algorithm not in ALGORITHMS:
            raise Failure("invalid", "There is no algorithm of this name.")
        try:
            os.close(open_regular(path)[0])
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        self.job = Job(self.agent, self.channel, lambda *_: hash_file(path, algorithm))


def hash_file(path: bytes, algorithm: str) -> dict[str, Any]:
    """The digest, and how many bytes it is of."""
    import hashlib

    digest = hashlib.new(algorithm)
    fd, _ = open_regular(path)
    size = 0
    while True:
        data = os.read(fd, CHUNK)
        if not data:
            return {"digest": digest.hexdigest(), "size": size}
        digest.update(data)
        size += len(data)
