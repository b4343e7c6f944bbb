import { describe, expect, it } from 'vitest';
import { byFile, byFolder, circle, type Imports } from '../support/import-rules/graph.ts';
import { importsOfPython, importsOfScript, withoutTypes } from '../support/import-rules/reading.ts';
import { ruleless, unused, violations } from '../support/import-rules/rules.ts';

describe('a script', () => {
  const FORMS: readonly (readonly [string, string])[] = [
    ["import { a } from './a.ts';", 'src/room/a.ts'],
    ["import {\n  a,\n  b,\n} from '../a.ts';", 'src/a.ts'],
    ["import type { A } from './a.ts';", 'src/room/a.ts'],
    ["import './a.ts';", 'src/room/a.ts'],
    ["export * from './a.ts';", 'src/room/a.ts'],
    ["const { a } = await import('./a.ts');", 'src/room/a.ts'],
    ["const { a } = require('./a.cjs');", 'src/room/a.cjs'],
    ["const PROGRAM = new URL('./a.cjs', import.meta.url);", 'src/room/a.cjs'],
    ["await import('dockerode');", 'dockerode'],
  ];

  it.each(FORMS)('%s', (source, target) => {
    expect(importsOfScript('src/room/file.ts', source)).toEqual([target]);
  });
});

describe('a file of the agent', () => {
  const top = 'agent/clara_agent';
  const there = ['io/__init__.py', 'io/loop.py', 'io/pipes.py', 'wire/__init__.py', 'wire/codec.py', 'wire/own.py'];
  const read = (source: string) =>
    importsOfPython(`${top}/wire/file.py`, source, (path) => there.some((name) => path === `${top}/${name}`));
  const FORMS: readonly (readonly [string, readonly string[]])[] = [
    ['from .codec import encode, decode', ['wire/codec.py']],
    ['from ..io.loop import Loop', ['io/loop.py']],
    ['from ..io import loop, pipes as tubes', ['io/loop.py', 'io/pipes.py']],
    ['from ..io import (\n    loop,  # turns\n    pipes,\n)', ['io/loop.py', 'io/pipes.py']],
    ['from ..io import loop, \\\n    pipes', ['io/loop.py', 'io/pipes.py']],
    ['from .. import io', ['io/__init__.py']],
    ['from . import own', ['wire/own.py']],
    ['def late():\n    from ..io.loop import Loop', ['io/loop.py']],
    ['import os, clara_agent.io.loop as turns', ['io/loop.py']],
    ['from clara_agent.io.loop import Loop', ['io/loop.py']],
    ['from clara_agent.io import loop', ['io/loop.py']],
    ['TABLE = {"turn": ("io.loop", "Loop")}', ['io/loop.py']],
    ['__import__("clara_agent.io.loop")', ['io/loop.py']],
    ['from json import loads\nimport os.path\nNAME = "io.nothing"', []],
  ];

  it.each(FORMS)('%s', (source, targets) => {
    expect(read(source)).toEqual(targets.map((target) => `${top}/${target}`));
  });

  it('imports when it runs what is not for types alone', () => {
    const source =
      'if TYPE_CHECKING:\n    from ..io.loop import Loop\n\n    from ..io.pipes import Pipe\n\nfrom .codec import encode\n';
    expect(read(source)).toHaveLength(3);
    expect(read(withoutTypes(source))).toEqual([`${top}/wire/codec.py`]);
  });
});

describe('a circle', () => {
  const of = (sources: Readonly<Record<string, string>>): Imports =>
    new Map(Object.entries(sources).map(([file, source]) => [file, importsOfScript(file, source)]));

  it('of two files is found', () => {
    const all = of({ 'src/one.ts': "import './two.ts';", 'src/two.ts': "import './one.ts';" });
    expect(circle(byFile(all))).toEqual(['src/one.ts', 'src/two.ts', 'src/one.ts']);
  });

  it('of folders is found where no file leads back to itself', () => {
    const all = of({
      'src/a/one.ts': "import '../b/two.ts';",
      'src/a/other.ts': '',
      'src/b/three.ts': "import '../a/other.ts';",
      'src/b/two.ts': '',
    });
    expect(circle(byFile(all))).toBeNull();
    expect(circle(byFolder(all, 2))).toEqual(['src/a', 'src/b', 'src/a']);
  });

  it('of types alone is found', () => {
    const all = of({
      'src/a/one.ts': "import type { Two } from '../b/two.ts';",
      'src/b/two.ts': "import type { One } from '../a/one.ts';",
    });
    expect(circle(byFile(all))).not.toBeNull();
    expect(circle(byFolder(all, 2))).not.toBeNull();
  });

  it('between a folder and a folder in it is found at the depth of the second', () => {
    const all = of({
      'src/a/low.ts': '',
      'src/a/in/one.ts': "import '../low.ts';",
      'src/a/high.ts': "import './in/one.ts';",
    });
    expect(circle(byFolder(all, 2))).toBeNull();
    expect(circle(byFolder(all, 3))).toEqual(['src/a', 'src/a/in', 'src/a']);
  });

  it('is none where two ways lead to one place', () => {
    const all = of({
      'a/one.ts': "import '../b/two.ts';\nimport '../c/three.ts';",
      'b/two.ts': "import '../c/three.ts';",
      'c/three.ts': '',
    });
    expect(circle(byFolder(all, 1))).toBeNull();
  });
});

describe('rules', () => {
  const all: Imports = new Map([
    ['src/high/file.ts', ['src/low/file.ts']],
    ['src/low/file.ts', []],
    ['src/new/file.ts', ['src/low/file.ts']],
  ]);
  const rules = { 'src/high': ['src/low'], 'src/low': [] };

  it('are broken by an import that none of them allows, and by a room that has none', () => {
    expect(violations(all, { ...rules, 'src/high': [] })).toEqual([
      'src/high/file.ts -> src/low/file.ts',
      'src/new/file.ts -> src/low/file.ts',
    ]);
  });

  it('allow nothing that no file imports', () => {
    expect(unused(all, { ...rules, 'src/low': ['src/high'] })).toEqual(['src/low may use src/high']);
  });

  it('are there for each folder beside one that has a rule', () => {
    expect(ruleless(all, rules)).toEqual(['src/new']);
  });
});
