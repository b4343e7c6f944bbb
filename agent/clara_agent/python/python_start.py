"""One Python script on its way into an interpreter."""
import os


class PythonStart:
    """Tells `run` what becomes of the script; a warm interpreter that is lost before it could start is replaced."""

    def __init__(self, interpreters, job, descriptors, run, source=None):
        self._interpreters = interpreters
        self.job = job
        self.descriptors = descriptors
        self._run = run
        # Its text decides which interpreter it gets; None where it is no Python.
        self.source = source
        self.losses = 0
        self.is_alone = False

    def begin(self):
        """Sends the script on its way; raises OSError where no process can be had."""
        try:
            self._interpreters.run(self)
        except BaseException:
            self._close()
            raise

    def on_started(self, pid):
        """The process is there and has the descriptors."""
        self._close()
        self.source = None
        self._run.on_started(pid)

    def on_exited(self, status):
        """The process has ended."""
        self._close()
        self._run.on_exited(status)

    def on_lost(self):
        """The interpreter went before the script could start."""
        self.losses += 1
        try:
            self._interpreters.run(self)
        except OSError as error:
            self._close()
            self._run.on_refused(error)

    def on_unsent(self):
        """Its descriptors cannot be passed to the warm interpreter: it gets one of its own, which inherits them."""
        self.is_alone = True
        self.on_lost()

    def on_refused(self, number):
        """The fork failed."""
        self._close()
        self._run.on_refused(OSError(number, os.strerror(number)))

    def _close(self):
        descriptors, self.descriptors = self.descriptors, []
        for fd in descriptors:
            os.close(fd)
