"""Runs cells in IPython's own shell, as it comes, and prints what it makes of each: as JSON, in the last line. They are in programs.json."""

from __future__ import annotations

import base64
import builtins
import json
import os
import sys
import tempfile

from IPython.core.interactiveshell import InteractiveShell


class Shell(InteractiveShell):
    def enable_gui(self, gui=None):
        """Figures in the place of windows need no loop."""


Shell.__name__ = "InteractiveShell"


class Written:
    """What is written to a descriptor, by programs too."""

    def __init__(self, stream):
        self._stream = stream
        self._file = tempfile.TemporaryFile()
        stream.flush()
        self._saved = os.dup(stream.fileno())
        os.dup2(self._file.fileno(), stream.fileno())

    def end(self):
        self._stream.flush()
        os.dup2(self._saved, self._stream.fileno())
        os.close(self._saved)
        self._file.seek(0)
        with self._file as file:
            return file.read().decode("utf-8", "replace")


def refuse(prompt=""):
    raise EOFError("EOF when reading a line")


def to_json(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else repr(value)


def main() -> None:
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    shell = Shell.instance(colors="NoColor")
    values, shown, errors = [], [], []

    def publish(data, metadata=None, *_, transient=None, update=False, **__):
        name = (transient or {}).get("display_id")
        if not update:
            shown.append([name, data, metadata or {}])
            return
        for one in shown:
            if one[0] == name:
                one[1:] = data, metadata or {}

    def show_error(kind, value, lines):
        errors.append([kind.__name__, str(value), "\n".join(lines)])
        print(*lines, sep="\n", file=sys.stderr)

    shell.displayhook.write_output_prompt = lambda: None
    shell.displayhook.write_format_data = lambda data, metadata=None: values.append([data, metadata or {}])
    shell.displayhook.finish_displayhook = lambda: setattr(shell.displayhook, "_is_active", False)
    shell.display_pub.publish = publish
    shell._showtraceback = show_error
    shell.set_hook("show_in_pager", lambda _, data, *more, **named: publish(data if isinstance(data, dict) else {"text/plain": data}))
    builtins.input = refuse
    out = []
    with open("programs.json", encoding="utf-8") as file:
        programs = json.load(file)
    for program in programs:
        for told in (values, shown, errors):
            told.clear()
        stdout, stderr = Written(sys.stdout), Written(sys.stderr)
        shell.run_cell(program, store_history=True)
        out.append(
            {
                "program": program,
                "output": stdout.end(),
                "stderr": stderr.end(),
                "value": values[-1] if values else None,
                "shown": [[data, metadata] for _, data, metadata in shown],
                "error": errors[-1] if errors else None,
                "count": shell.execution_count - 1,
            }
        )
    print(json.dumps(out, default=to_json))
    sys.stdout.flush()
    os._exit(0)


main()
