"""A compiled module serves only while its source is as it was when it was read.

Python itself compares the second of the source's last change, and its size: what is rewritten within that second runs as before, for ever.
The warm interpreter (zygote.py) runs this in every image. The sandbox image has the same file in its sitecustomize, for all that Python runs there.
"""
import posix
import sys
from time import clock_gettime_ns

# The clock of the kernel's time stamps on files.
CLOCK_REALTIME_COARSE = 5
# In the header of a compiled file: it goes by the time of its source, not by a hash.
BY_TIME = bytes(4)


def changed_ns(source):
    """When a source last changed, in whatever way; of installed packages when it was last written, as they are moved and given away as a whole."""
    status = posix.stat(source)
    if "/site-packages/" in source or "/dist-packages/" in source:
        return status.st_mtime_ns
    # A link may be turned to another file.
    return max(status.st_ctime_ns, posix.lstat(source).st_ctime_ns)


def follow_sources():
    """Lets the interpreter import modules so; once is enough."""
    from _frozen_importlib_external import SourceFileLoader, cache_from_source

    if "get_data" in SourceFileLoader.__dict__:
        return
    read, keep = SourceFileLoader.get_data, SourceFileLoader._cache_bytecode
    # Only to be quick: nobody rewrites the image's own modules.
    own = sys.base_prefix + "/lib"

    def get_data(self, path):
        """The content of a source or compiled file; a compiled one that is older than the last change of its source counts as absent."""
        source, asked = self.path, str(path)
        if source.startswith(own):
            return read(self, path)
        if asked == source:
            self._read_ns = clock_gettime_ns(CLOCK_REALTIME_COARSE)
        elif asked.endswith(".pyc") and asked == cache_from_source(source):
            compiled_ns = posix.stat(path).st_mtime_ns
            data = read(self, path)
            # What cannot be replaced would be compiled again for each run.
            if data[4:8] == BY_TIME and compiled_ns <= changed_ns(source) and posix.access(path, posix.W_OK):
                raise OSError("%s is older than its source" % path)
            return data
        return read(self, path)

    def _cache_bytecode(self, source_path, bytecode_path, data):
        """Keeps what was compiled, under the time at which the source was read: whoever has rewritten it meanwhile is the later one."""
        keep(self, source_path, bytecode_path, data)
        read_ns = self.__dict__.pop("_read_ns", None)
        if read_ns is not None:
            try:
                posix.utime(bytecode_path, ns=(read_ns, read_ns))
            except OSError:
                pass  # It could not be written.

    SourceFileLoader.get_data, SourceFileLoader._cache_bytecode = get_data, _cache_bytecode
