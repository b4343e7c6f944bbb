import { describe, expect, it } from 'vitest';
import type { ProcessFacts } from '../../../src/agent/calls/processes.ts';
import { toKeptProcess } from '../../../src/processes/kept-process.ts';
import { toProgram } from '../../../src/processes/languages.ts';

const FACTS: ProcessFacts = {
  id: 1,
  about: {},
  pid: 5,
  startedAtMs: 0,
  endedAtMs: null,
  exit: null,
  tty: null,
  keepAwake: false,
  firstEvent: 1,
  lastEvent: 0,
};

/** What a list shows of a plain run whose shell is given this. */
const shown = (command: string) => {
  const { kind, command: told } = toKeptProcess({ ...FACTS, plain: { program: 'shell', command, cwd: '/workspace' } });
  return { kind, command: told };
};

const source = (...[language, code]: Parameters<typeof toProgram>) => {
  const program = toProgram(language, code);
  return program.program === 'argv' ? '' : program.source;
};

describe('a plain run in a list', () => {
  it.each(['javascript', 'typescript', 'ruby', 'go', 'r', 'java', 'deno'] as const)(
    'of %s shows the code and not what runs it, also where that is cut',
    (language) => {
      const code = `one\nend-\n${'two '.repeat(10)}`;
      expect(shown(source(language, code))).toEqual({ kind: 'code', command: code });
      const cut = source(language, 'x'.repeat(100_000)).slice(0, 4096);
      expect(shown(cut)).toEqual({ kind: 'code', command: expect.stringMatching(/^x{3000,}$/) });
    },
  );

  it('of a command shows that, whatever it reads', () => {
    const command = "exec node - <<'end'\nconsole.log(1)\nend\n";
    expect(shown(command)).toEqual({ kind: 'command', command });
  });
});
