"""Contexts of JavaScript: a Node for each, which runs what `inside_node*.cjs` say."""

from __future__ import annotations

import json
import os

from .apart import ApartStarter
from .messages import Lines
from .program_interrupts import ToldInterrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.loop import Loop

FOLDER = "contexts/"
PARTS = ("inside_node.cjs", "inside_node_code.cjs", "inside_node_globals.cjs", "inside_node_shown.cjs", "inside_node_types.cjs", "inside_node_values.cjs")
# In a block, as what it declares would be declared for all cells. The parts come first on the control, behind their length; their names are ones that tracebacks leave out.
LOADER = (
    '{const{readSync:r}=require("fs"),n=Buffer.alloc(4);r(3,n,0,4);const b=Buffer.alloc(n.readUInt32LE());for(let a=0;a<b.length;)a+=r(3,b,a,b.length-a);'
    'const s=JSON.parse(b),o=p=>{const m={exports:{}};require("vm").compileFunction(s[p],["require","module","load"],{filename:"node:clara/"+p})'
    '(q=>q[0]==="."?o(q.slice(2)):require(q),m,(n,w)=>import(n,w));return m.exports};o("inside_node.cjs")}'
)


class NodeMessages(Lines):
    """JSON, a line each."""

    def encode(self, message: dict[str, Any]) -> bytes:
        """A message as it goes out."""
        readable = {name: value.decode("utf-8", "replace") if name == "code" else os.fsdecode(value) if name == "file" else value for name, value in message.items()}
        return json.dumps(readable).encode() + b"\n"


class NodeStarter(ApartStarter):
    """Starts a Node for each context."""

    # The control takes as much while nobody reads it.
    max_inline = 8 << 10

    def argv(self) -> list[bytes]:
        return [b"node", b"-e", LOADER.encode()]

    def greeting(self, job: dict[str, Any]) -> bytes:
        source = json.dumps({part: __spec__.loader.sources[FOLDER + part] for part in PARTS}).encode()
        return len(source).to_bytes(4, "little") + source + (b'{"rich":true}\n' if job["rich"] else b"")

    def place(self, null: int, control: int, outputs: list[int]) -> list[int]:
        out, err, shown = outputs
        return [null, out, err, control, shown]

    def messages(self) -> NodeMessages:
        return NodeMessages()

    def interrupt(self, loop: Loop, pid: int, tell: Callable[[dict[str, Any]], object]) -> ToldInterrupt:
        return ToldInterrupt(loop, pid)
