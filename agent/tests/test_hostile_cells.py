"""Cells that turn on their own interpreter: each has an end, and the next one runs, in a fresh interpreter where that one is lost."""

from __future__ import annotations

import unittest

from test_contexts import ContextCase

# Name: source, exit code (None: that of whoever is first, the interpreter or the agent that kills it), whether the interpreter is lost.
CASES = {
    "raises as values are shown": ("import sys\nsys.displayhook = lambda value: 1 / 0\n5", 1, False),
    "has no streams to write to": ("import sys\nsys.stdout = sys.stderr = object()\n5", 0, False),
    "closes all descriptors": ("import os\nos.closerange(0, 5)", None, True),
    "closes what it is told by": ("import os\nos.close(3)", None, True),
    "closes what it shows by": ("import os\nos.close(4)\n5", 0, False),
    "puts a file in the place of what it is told by": ("import os\nos.dup(3)\nos.dup2(os.open('/dev/null', os.O_RDWR), 3)\nNone", None, True),
    "may open no file": ("import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))", 0, False),
    "may have no more memory": ("import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))", 0, False),
    "may write nothing": ("import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\nprint(5)", 0, False),
    "ends itself as it exits": ("import atexit, os\natexit.register(os._exit, 7)\nexit()", 7, True),
    "exits as it is shown": ("class A:\n    def __repr__(self): raise SystemExit(3)\nA()", 1, False),
    "ends as it is shown": ("class A:\n    def __repr__(self):\n        import os; os._exit(3)\nA()", 3, True),
    "is shown by showing itself": ("class A:\n    def __repr__(self): return repr(self)\nA()", 0, False),
    "is ended by a fault": ("import ctypes\nctypes.string_at(0)", 139, True),
    "has a child that stays": ("import os, time\nif not os.fork():\n    time.sleep(60)\n    os._exit(0)\n5", 0, False),
    "has a thread that writes on": ("import threading\ndef write():\n    while True: print('x' * 1000)\nthreading.Thread(target=write, daemon=True).start()", 0, False),
    "has a thread that shows on": ("import threading\ndef show():\n    while True: display(1)\nthreading.Thread(target=show, daemon=True).start()", 0, False),
    "leaves a task behind": ("import asyncio\nasync def endless():\n    while True: await asyncio.sleep(0)\ntask = asyncio.ensure_future(endless())\nawait asyncio.sleep(0)", 0, False),
    "writes what is no line of what is shown": ("import os\nos.write(4, b'\\xff{}\\n[]\\n{half')\nNone", 0, False),
}


class Hostile(ContextCase):
    def test_the_next_cell_runs(self) -> None:
        for name, (source, code, is_lost) in CASES.items():
            with self.subTest(name):
                answer = self.cell(source)
                self.assertEqual(answer.result["restarted"], is_lost)
                if code is not None:
                    self.assertEqual(answer.result["exitCode"], code)
                after = self.cell("6 * 7 == 42 or exit(1)")
                self.assertEqual((after.result["exitCode"], after.result["signal"]), (0, None))
                self.client.call("context_delete", id="default")


del ContextCase

if __name__ == "__main__":
    unittest.main()
