"""What a script shows: results and the exception that ends it, beside outputs that stay as they are."""
from __future__ import annotations

import json
import os
import unittest

from case import AgentCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from client import Answer


def lines(shown: bytes | bytearray) -> list[Any]:
    return [json.loads(line) for line in shown.splitlines()]


class Showing(AgentCase):
    def shown(self, source: str) -> list[Any]:
        return lines(self.python(source).streams[0])

    def stream(self, source: str) -> Answer:
        number = self.client.call("start", source.encode(), program="python").result["id"]
        return self.client.call("attach", id=number)


class Results(Showing):
    def test_nothing_is_sent_where_nothing_is_shown(self) -> None:
        answer = self.python("print(1)")
        self.assertEqual((answer.out, bytes(answer.streams[0])), (b"1\n", b""))
        self.assertNotIn("shown", answer.result)

    def test_display_needs_no_import_and_leaves_no_trace_in_the_modules(self) -> None:
        answer = self.python("display(1, 'a')\nimport sys\nprint('json' in sys.modules)")
        self.assertEqual(answer.out, b"False\n")
        self.assertEqual([line["data"] for line in lines(answer.streams[0])], [{"text/plain": "1"}, {"text/plain": "'a'"}])

    def test_a_module_of_the_script_is_not_taken_for_one_that_results_need(self) -> None:
        self.write_file("json.py", b"raise SystemExit('mine')")
        try:
            answer = self.python("display(5)\nimport json")
        finally:
            os.unlink(self.sandbox.path("json.py"))
        self.assertEqual((answer.err, len(lines(answer.streams[0]))), (b"mine\n", 1))

    def test_a_value_is_shown_in_all_ways_that_work(self) -> None:
        source = """
class Value:
    def __repr__(self): return 'text'
    def _repr_html_(self): return '<b>h</b>'
    def _repr_png_(self): return b'png', {'width': 2}
    def _repr_svg_(self): raise ValueError
    def _repr_mimebundle_(self, include=None, exclude=None): return {'application/x': {'a': 1}}
display(Value(), metadata={'m': 1})
"""
        (line,) = self.shown(source)
        self.assertEqual(line["data"], {"text/plain": "text", "text/html": "<b>h</b>", "image/png": "cG5n", "application/x": {"a": 1}})
        self.assertEqual(line["metadata"], {"image/png": {"width": 2}, "m": 1})

    def test_what_was_displayed_under_an_id_can_be_shown_anew(self) -> None:
        first, second = self.shown("display(1, display_id='x').update(2)")
        self.assertEqual([first["display_id"], first["update"], second["display_id"], second["update"]], ["x", False, "x", True])

    def test_bounds_are_kept_and_told(self) -> None:
        source = "display(type('Big', (), {'_repr_png_': lambda self: b'x' * (5 << 20 | 1), '__repr__': lambda self: 'b' * 25001})())"
        told, line = self.shown(source)
        self.assertEqual(told, {"type": "truncated"})
        self.assertEqual([len(line["data"]["text/plain"]), "image/png" in line["data"]], [25000, False])
        many = self.shown("for number in range(3000): display(number)")
        self.assertEqual((len(many), many[-1]), (1001, {"type": "truncated"}))

    def test_a_file_of_a_gigabyte_in_the_place_of_what_is_shown_is_cut(self) -> None:
        answer = self.python("import os, sys\nwith open(os.path.dirname(sys.argv[0]) + '/shown', 'wb') as file: file.truncate(1 << 30)")
        self.assertEqual(len(answer.streams[0]), 32 << 20)
        self.assertEqual(answer.result["shown"]["omitted"], 1)

    def test_what_is_no_file_in_its_place_is_nothing(self) -> None:
        for source in ("os.mkfifo(path)", "os.symlink('/etc/passwd', path)", "os.mkdir(path)"):
            answer = self.python("import os, sys\npath = os.path.dirname(sys.argv[0]) + '/shown'\n" + source)
            self.assertEqual((answer.result["exitCode"], bytes(answer.streams[0])), (0, b""))

    def test_a_fork_shows_nothing(self) -> None:
        source = "import os\nif not os.fork():\n    display('child')\n    1/0\nos.wait()\ndisplay('parent')"
        self.assertEqual([line["data"]["text/plain"] for line in self.shown(source)], ["'parent'"])


class Exceptions(Showing):
    def test_the_exception_that_ends_a_script_has_the_traceback_of_stderr(self) -> None:
        for source in ("1/0", "x = = 1", "try:\n    1/0\nexcept Exception as e:\n    raise KeyError('\u00e9\U0001f600') from e", "raise KeyboardInterrupt", "def f(): f()\nf()"):
            answer = self.python(source)
            (line,) = lines(answer.streams[0])
            self.assertEqual("\n".join(line["traceback"]) + "\n", answer.err.decode(), source)
            self.assertTrue(answer.err.decode().rstrip().split("\n")[-1].startswith(line["name"]))

    def test_it_has_a_name_and_a_value(self) -> None:
        (line,) = self.shown("raise ValueError('a \"b\"\\n\u00e9')")
        self.assertEqual((line["type"], line["name"], line["value"]), ("error", "ValueError", 'a "b"\n\u00e9'))

    def test_an_exit_is_none(self) -> None:
        for source in ("raise SystemExit('no')", "exit(3)", "import os; os._exit(1)"):
            self.assertEqual(self.shown(source), [])

    def test_a_hook_of_the_script_prints_what_it_likes(self) -> None:
        answer = self.python("import sys\nsys.excepthook = lambda *_: print('mine')\n1/0")
        self.assertEqual((answer.out, answer.err), (b"mine\n", b""))
        self.assertEqual(lines(answer.streams[0])[0]["traceback"][-1], "ZeroDivisionError: division by zero")

    def test_one_whose_text_fails_is_told(self) -> None:
        (line,) = self.shown("class E(Exception):\n    def __str__(self): raise ValueError\nraise E")
        self.assertEqual((line["name"], line["value"]), ("E", "<no text: its __str__ failed>"))


class Streams(Showing):
    def test_what_is_shown_has_its_place_among_the_outputs(self) -> None:
        answer = self.stream("import os\nfor n in range(20):\n    os.write(1, b'o')\n    display(n)\n    os.write(2, b'e')")
        self.assertEqual([event["shown"] for event in answer.events[1:]], list(range(3, 63, 3)))

    def test_the_end_has_the_exception(self) -> None:
        end = self.stream("display(1)\n1/0").result["exit"]
        self.assertEqual((end["exitCode"], end["exception"]["name"]), (1, "ZeroDivisionError"))
        described = self.client.call("processes").result["processes"][0]
        self.assertNotIn("exception", described["exit"])

    def test_lines_that_code_forges_are_passed_on_and_hold_nothing_up(self) -> None:
        source = "import os, sys\nwith open(os.path.dirname(sys.argv[0]) + '/shown', 'wb') as file:\n    file.write(b'nonsense\\n' * 20000 + b'x' * (9 << 20) + b'\\n')\nprint('end')"
        answer = self.stream(source)
        self.assertEqual(answer.out, b"end\n")
        self.assertTrue(answer.result["exit"]["shownCut"])


if __name__ == "__main__":
    unittest.main()
