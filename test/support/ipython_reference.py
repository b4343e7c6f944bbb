"""Runs cells in IPython's own shell, as it comes, and prints what it makes of each: as JSON, in the last line. They are in programs.json."""

from __future__ import annotations

import builtins
import contextlib
import io
import json

from IPython.core.interactiveshell import InteractiveShell


def refuse(prompt=""):
    raise EOFError("EOF when reading a line")


def main() -> None:
    shell = InteractiveShell.instance(colors="NoColor")
    values, shown, errors = [], [], []
    shell.displayhook.write_output_prompt = lambda: None
    shell.displayhook.write_format_data = lambda data, metadata=None: values.append(data)
    shell.displayhook.finish_displayhook = lambda: setattr(shell.displayhook, "_is_active", False)
    shell.display_pub.publish = lambda data, *_, **__: shown.append(data)
    shell._showtraceback = lambda kind, value, lines: errors.append([kind.__name__, str(value), "\n".join(lines)])
    page = []
    shell.set_hook("show_in_pager", lambda _, data, *more, **named: page.append(data))
    builtins.input = refuse
    out = []
    with open("programs.json", encoding="utf-8") as file:
        programs = json.load(file)
    for program in programs:
        for told in (values, shown, errors, page):
            told.clear()
        stdout, stderr = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            shell.run_cell(program, store_history=True)
        out.append(
            {
                "program": program,
                "output": stdout.getvalue(),
                "value": values[-1].get("text/plain") if values else None,
                "shown": [data.get("text/plain") for data in shown] + [data if isinstance(data, str) else data["text/plain"] for data in page],
                "error": errors[-1] if errors else None,
                "count": shell.execution_count - 1,
            }
        )
    print(json.dumps(out))


main()
