import { describe, expect, it } from 'vitest';
import { AGENT_RULES } from '../support/import-rules/agent.ts';
import { DIALECT_RULES } from '../support/import-rules/dialects.ts';
import { byFile, byFolder, circle } from '../support/import-rules/graph.ts';
import { HTTP_RULES } from '../support/import-rules/http.ts';
import { importsOfScript, readAgent, readScripts, sourceOf } from '../support/import-rules/reading.ts';
import { type Rules, ruleless, unused, violations } from '../support/import-rules/rules.ts';
import { SANDBOX_RULES } from '../support/import-rules/sandboxes.ts';
import { OTHER_RULES } from '../support/import-rules/server.ts';

const SERVER_RULES: Rules = { ...OTHER_RULES, ...HTTP_RULES, ...DIALECT_RULES, ...SANDBOX_RULES };

const imports = {
  server: readScripts('src'),
  agent: readAgent(true),
  agentAtRunTime: readAgent(false),
  bench: readScripts('bench'),
};

describe('imports go one way', () => {
  it('in the server: each room uses the rooms that its rule names', () => {
    expect(violations(imports.server, SERVER_RULES)).toEqual([]);
  });

  it('in the agent: each package uses the packages that its rule names', () => {
    expect(violations(imports.agent, AGENT_RULES)).toEqual([]);
  });

  it('in a rule every room that is named is a folder that is there', () => {
    const files = [...imports.server.keys(), ...imports.agent.keys()];
    const named = Object.entries({ ...SERVER_RULES, ...AGENT_RULES }).flatMap(([room, uses]) => [room, ...uses]);
    const isThere = (room: string) => files.some((file) => file.startsWith(`${room}/`));
    expect(named.filter((room) => !isThere(room))).toEqual([]);
  });

  it('in a rule no room is named of which nothing is imported', () => {
    expect([...unused(imports.server, SERVER_RULES), ...unused(imports.agent, AGENT_RULES)]).toEqual([]);
  });

  it('and a folder beside rooms is a room', () => {
    expect([...ruleless(imports.server, SERVER_RULES), ...ruleless(imports.agent, AGENT_RULES)]).toEqual([]);
  });

  it.each(['server', 'agentAtRunTime', 'bench'] as const)('and never around: no circle of files, %s', (part) => {
    expect(circle(byFile(imports[part]))).toBeNull();
  });

  const deepest = Math.max(...[...imports.server.keys()].map((file) => file.split('/').length - 1));
  const depths = Array.from({ length: deepest - 1 }, (_, index) => index + 2);
  it.each(depths)('nor of folders, what is only for types included, to a depth of %i', (depth) => {
    expect(circle(byFolder(imports.server, depth))).toBeNull();
    expect(circle(byFolder(imports.agent, depth))).toBeNull();
    expect(circle(byFolder(imports.bench, depth))).toBeNull();
  });
});

describe('what one place alone may touch', () => {
  const files = [...imports.server.keys()];
  const named = new Map(files.map((file) => [file, importsOfScript(file, sourceOf(file))]));
  const importing = (...names: readonly string[]) =>
    files.filter((file) => names.some((name) => named.get(file)?.includes(name)));
  const touching = (pattern: RegExp) => files.filter((file) => pattern.test(sourceOf(file)));

  it('Docker is known in engines/docker', () => {
    const knowing = importing('dockerode');
    expect(knowing).not.toEqual([]);
    expect(knowing.filter((file) => !file.startsWith('src/engines/docker/'))).toEqual([]);
  });

  it.each(['docker', 'incus'])('the engine %s is known to what decides on the engine', (engine) => {
    const place = `src/engines/${engine}/`;
    const knowing = files.filter((file) => imports.server.get(file)?.some((target) => target.startsWith(place)));
    const others = knowing.filter((file) => !file.startsWith(place));
    expect(others).not.toEqual([]);
    expect(others.filter((file) => !file.startsWith('src/modes/'))).toEqual([]);
  });

  it('what composes the core is known to what composes the server', () => {
    const composing = ['src/app-parts.ts', 'src/app.ts', 'src/dialects/all/own-dialects.ts', 'src/services.ts'];
    expect(importing('src/sandboxes/core.ts').sort()).toEqual(composing);
  });

  it('the wall clock is read by the injected clock, and in what asks an engine that has a clock of its own', () => {
    const readers = touching(/Date\.now\(|new Date\(\)|performance\.timeOrigin/);
    expect(readers.filter((file) => !file.startsWith('src/engines/'))).toEqual(['src/async/clock.ts']);
  });

  it('the environment is read in config and by the processes themselves', () => {
    const readers = [...touching(/\bprocess(\.|\?\.)?(env\b|\['env'\])/), ...importing('node:process', 'process')];
    const others = readers.filter((file) => !file.startsWith('src/config/'));
    expect(others.sort()).toEqual(['src/disks/service/main.ts', 'src/main.ts']);
  });

  it('no file has a require of its own making, whose imports nobody reads', () => {
    expect(importing('node:module', 'module')).toEqual([]);
  });
});
