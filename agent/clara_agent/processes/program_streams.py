"""What goes in and out of a program: its standard input, and its outputs or its terminal."""

from __future__ import annotations

from .launch import open_outputs
from .standard_input import StandardInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..io.contracts import Bytes
    from ..io.loop import Loop
    from .roles import Sink
    from .run_request import RunRequest
    from .terminal import Size


class ProgramStreams:
    """Base of a process: passes on what is asked of its streams."""

    def __init__(self, loop: Loop, request: RunRequest, sink: Sink, on_line: Callable[[bytes], object] | None, on_done: Callable[[], object]) -> None:
        self._input = StandardInput(loop, request, sink)
        self._outputs = open_outputs(loop, request, sink, on_line, on_done)

    def open_stdin(self) -> int | None:
        """The program's end of its standard input; None where that is its terminal."""
        return self._input.open(self._outputs)

    def write(self, payload: Bytes) -> bool:
        """Passes bytes to its standard input; false where it has none any more."""
        return self._input.write(payload)

    def flush_input(self) -> None:
        """What was written for now is whole: a program reads it as it comes."""

    @property
    def input_size(self) -> int:
        """How many bytes of its input it has not taken."""
        return self._input.size

    def drop_input(self) -> None:
        """Throws away what its standard input has not taken."""
        self._input.discard()

    def close_stdin(self) -> None:
        """The program reads the end of its input after what was written."""
        self._input.end()

    def resize(self, size: Size) -> bool:
        """Gives its terminal another size; true where its programs hear of that by themselves."""
        return self._outputs.resize(size)

    def show_in(self, folder: bytes) -> None:
        """Its script is in this folder, and leaves there what it shows."""
        self._outputs.show_in(folder)

    def acknowledge(self) -> None:
        """A line that it has shown is read."""
        self._outputs.acknowledge()

    def on_room(self) -> None:
        """Lets stalled outputs go on."""
        self._outputs.on_room()
