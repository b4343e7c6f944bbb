"""Contexts of JavaScript: a Node that stays, with cells as in its REPL."""

from __future__ import annotations

import os
import unittest

from test_contexts import ContextCase
from test_streamed_cells import StreamCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from typing import Any

JAVASCRIPT = {"make": {"language": "javascript"}}
# Code, and what its value looks like; none where there is none. One after the other, in one context.
CELLS = [
    ("const x = 1; x", "1"),
    ("const x = 2; let y = x; class A {}; x + 1", "3"),
    ("class A { static b = y }; A.b", "2"),
    ("_", "2"),
    ("let y = await new Promise((done) => setTimeout(done, 1, 'slept'))", None),
    ("y", "'slept'"),
    ("await Promise.resolve({ a: 1 })", "{ a: 1 }"),
    ("Promise.resolve(7)", "Promise { 7 }"),
    ("{ a: 1 }", "{ a: 1 }"),
    ("{ let b = 1; b + 1 }", "2"),
    ("if (x) { 5 } else { 6 }", "5"),
    ("for (let i = 0; i < 3; i++) i", "2"),
    ("function f() {}", None),
    ("var v = 3", None),
    ("v; // said", "3"),
    ("10n ** 20n", "100000000000000000000n"),
    ("-0", "-0"),
    ("null", "null"),
    ("Symbol('s')", "Symbol(s)"),
    ("'text'", "'text'"),
    ("new Map([[1, { a: [2] }]])", "Map(1) { 1 => { a: [ 2 ] } }"),
    ("fs.existsSync('/') && typeof require('node:path').join", "'function'"),
    ("const fs = require('fs'); typeof fs.readFileSync", "'function'"),
    ("const { join } = await import('node:path'); join('a', 'b')", "'a/b'"),
    ("import os, { cpus as processors } from 'os'\nimport * as paths from 'path';\nimport 'url'\n[os, processors, paths].map((each) => typeof each)", "[ 'object', 'function', 'object' ]"),
    ("import('path').then(({ sep }) => sep)", "Promise { <pending> }"),
    ("`import(1) ${[1].map((a) => `import ${a}`)} ${/import\\(/.source} import('x')` // import('y')", '"import(1) import 1 import\\\\( import(\'x\')"'),
    ("require.resolve('./mine.cjs') === require('path').resolve('mine.cjs') && require('./mine.cjs')", "'mine'"),
    ("(await import('./mine.mjs')).default", "'mine too'"),
    ("this === globalThis && typeof module.exports", "'object'"),
    ("process.argv.length", "1"),
    ("Object.keys(globalThis).filter((each) => /clara|display|entry/.test(each)).length", "0"),
]


class JavaScript(ContextCase):
    def cell(self, code: str, name: str = "js", **parameters: Any) -> Answer:
        return super().cell(code, name, **dict(JAVASCRIPT, **parameters))

    def begin(self, code: str, name: str = "js", **parameters: Any) -> int:
        return super().begin(code, name, **dict(JAVASCRIPT, **parameters))

    def value(self, code: str, name: str = "js") -> Any:
        return super().value(code, name)

    def test_cells_answer_as_in_the_repl_of_node(self) -> None:
        self.write_file("mine.cjs", b"module.exports = 'mine';")
        self.write_file("mine.mjs", b"export default 'mine too';")
        answers = []
        for code, _ in CELLS:
            answer = self.cell(code)
            shown = self.shown(answer)
            answers.append((code, (shown[0]["data"]["text/plain"] if shown[0]["type"] == "result" else shown[0]) if shown else None))
        self.assertEqual(answers, CELLS)

    def test_outputs_are_apart(self) -> None:
        answer = self.cell("console.log('out', { a: 1 }); console.error('err'); process.stdout.write('raw')")
        self.assertEqual((bytes(answer.out), bytes(answer.err)), (b"out { a: 1 }\nraw", b"err\n"))
        self.assertEqual(len(self.cell("console.log('x'.repeat(1_000_000))").out), 1_000_001)

    def test_values_offer_what_they_look_like(self) -> None:
        for code, mime, content in (
            ("[1, { a: null }]", "application/json", [1, {"a": None}]),
            ("({ _toHtml: () => '<b>' })", "text/html", "<b>"),
            ("({ async _toPng() { return Buffer.from('abc') } })", "image/png", "YWJj"),
            ("Buffer.from([0x89, 0x50, 0x4e, 0x47])", "image/png", "iVBORw=="),
            ("({ [Symbol.for('Jupyter.display')]: () => ({ 'text/markdown': '*a*' }) })", "text/markdown", "*a*"),
        ):
            data = self.shown(self.cell(code))[0]["data"]
            self.assertEqual(data[mime], content, code)
            self.assertEqual(len(data), 2, code)
        self.assertEqual([line["is_main"] for line in self.shown(self.cell("display(1, 2); 3"))], [False, False, True])
        self.assertEqual(self.shown(self.cell("5", silent=True)), [])

    def test_what_is_too_large_is_cut_and_said(self) -> None:
        shown = self.shown(self.cell("({ _toHtml: () => 'x'.repeat(300_000), [require('util').inspect.custom]: () => 'y'.repeat(100_000) })"))
        self.assertEqual([line["type"] for line in shown], ["truncated", "result"])
        self.assertEqual({mime: len(content) for mime, content in shown[1]["data"].items()}, {"text/plain": 25_000})
        self.assertEqual(len(self.shown(self.cell("for (let i = 0; i < 5000; i++) display(i)"))), 1_001)

    def error(self, code: str) -> Any:
        answer = self.cell(code)
        error = [line for line in self.shown(answer) if line["type"] == "error"][-1]
        self.assertEqual(answer.result["exitCode"], 1)
        self.assertEqual(answer.err.decode(), "".join(line + "\n" for line in error["traceback"]))
        return error["name"], error["value"], error["traceback"]

    def test_errors_are_told_without_frames_of_ours(self) -> None:
        value = "Cannot read properties of null (reading 'x')"
        lines = ["TypeError: " + value, "    at f (cell-1:1:21)", "    at cell-1:2:1"]
        self.assertEqual(self.error("function f() { null.x }\nf()"), ("TypeError", value, lines))
        self.assertEqual(self.error("await 1; throw new RangeError('no')"), ("RangeError", "no", ["RangeError: no", "    at cell-2:1:16"]))
        self.assertEqual(self.error("Promise.reject(new Error('lost')); 1"), ("Error", "lost", ["Error: lost", "    at cell-3:1:16"]))
        self.assertEqual(self.error("setTimeout(() => { throw 5 }); await new Promise((done) => setTimeout(done, 20))"), ("Uncaught", "5", ["Uncaught 5"]))
        lines = ["line 2", "let b = ;", "        ^", "SyntaxError: Unexpected token ';'"]
        self.assertEqual(self.error("let a;\nlet b = ;"), ("SyntaxError", "Unexpected token ';'", lines))
        self.assertEqual(bytes(self.cell("try { null.x } catch (error) { console.log(error.stack) }").out).count(b"\n"), 2)

    def test_an_interrupt_ends_what_runs_and_keeps_the_variables(self) -> None:
        for code in "while (true) {}", "await null; while (true) {}", "await new Promise(() => {})", "require('child_process').execSync('sleep 60')":
            running = self.begin("var kept = 1; console.log('in'); " + code)
            self.client.wait(lambda running=running: self.client.answers[running].out)
            self.client.call("context_interrupt", id="js")
            answer = self.client.finish(running)
            self.assertEqual((answer.result["exitCode"], answer.result["restarted"]), (1, False), (code, bytes(answer.err)))
            self.assertIn("interrupted", self.shown(answer)[-1]["value"])
            self.assertEqual(self.value("kept"), "1")
            self.assertEqual(bytes(self.cell("console.log('heard')").out), b"heard\n")

    def test_a_timeout_interrupts_and_what_goes_on_is_killed(self) -> None:
        self.cell("1")
        late = self.cell("var kept = 1; while (true) {}", timeoutMs=500)
        self.assertTrue(late.result["timedOut"] and not late.result["restarted"])
        self.assertEqual(self.value("kept"), "1")
        stuck = self.cell("await new Promise((done) => setTimeout(done, 1)); while (true) {}", timeoutMs=500)
        self.assertTrue(stuck.result["timedOut"] and stuck.result["restarted"])
        self.assertTrue(self.cell("1").result["restarted"])

    def test_exit_ends_that_context_only_after_its_output(self) -> None:
        self.cell("var kept = 2", "other")
        answer = self.cell("console.log('bye'); process.exit(3)")
        self.assertEqual((bytes(answer.out), answer.result["exitCode"], answer.result["restarted"]), (b"bye\n", 3, True))
        self.assertEqual(self.value("kept", "other"), "2")

    def test_timers_say_what_they_say_in_the_next_cell(self) -> None:
        self.cell("var go = false; var over = new Promise((done) => setInterval(() => { if (go) { console.log('late'); done() } go = false }, 1))")
        self.assertEqual(bytes(self.cell("go = true; await over").out), b"late\n")

    def test_a_long_source_arrives_whole(self) -> None:
        self.assertEqual(self.value("'%s'.length" % ("é" * 400_000)), "400000")

    def test_folder_and_variables_of_environment_are_its_own(self) -> None:
        os.mkdir(self.sandbox.path("sub"))
        self.client.call("context", id="a", language="javascript", cwd="sub", env={"MINE": "1"})
        self.assertEqual(self.value("[process.cwd(), process.env.MINE, __dirname === process.cwd()]", "a"), "[ '%s', '1', true ]" % self.sandbox.path("sub"))


class StreamedJavaScript(StreamCase):
    def test_errors_are_told_as_such_alone_where_values_are_data_too(self) -> None:
        rich = {"name": "rich", "make": {"language": "javascript", "rich": True}}
        for code, name in (("null.x", "TypeError"), ("let = =", "SyntaxError"), ("await null; throw 5", "Uncaught")):
            failed = self.read(code, **rich)
            self.assertEqual((bytes(failed.err), [line["name"] for line in self.lines(failed)]), (b"", [name]), code)

    def test_what_is_written_between_two_that_are_shown_is_between_them(self) -> None:
        answer = self.read("console.log('a'); display(1); console.log('b'); 2", name="js", **JAVASCRIPT)
        self.assertEqual(bytes(answer.out), b"a\nb\n")
        self.assertEqual([line["data"]["text/plain"] for line in self.lines(answer)], ["1", "2"])
        first, second = [event["shown"] for event in answer.events[1:]]
        self.assertGreater(second - first, 1)


if __name__ == "__main__":
    unittest.main()
