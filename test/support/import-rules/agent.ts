import type { Rules } from './words.ts';

const PACKAGE = (name: string) => `agent/clara_agent/${name}`;

const [IO, WIRE, JOBS, HOST, FILES, PYTHON] = [
  PACKAGE('io'),
  PACKAGE('wire'),
  PACKAGE('jobs'),
  PACKAGE('host'),
  PACKAGE('files'),
  PACKAGE('python'),
];

/** The packages of the agent; the files over them, which start it, use all of them. */
export const AGENT_RULES: Rules = {
  'agent/clara_agent': [
    IO,
    WIRE,
    HOST,
    PYTHON,
    PACKAGE('processes'),
    PACKAGE('contexts'),
    PACKAGE('network'),
    PACKAGE('watching'),
  ],
  [IO]: [],
  [WIRE]: [IO],
  [JOBS]: [IO, WIRE],
  [HOST]: [IO, WIRE, JOBS],
  [FILES]: [IO, WIRE, JOBS],
  [PACKAGE('archives')]: [IO, WIRE, JOBS, FILES],
  [PYTHON]: [IO, WIRE, HOST, FILES],
  [PACKAGE('processes')]: [IO, WIRE, HOST, PYTHON, PACKAGE('watching')],
  [PACKAGE('contexts')]: [IO, WIRE, HOST, PACKAGE('watching'), PACKAGE('processes')],
  [PACKAGE('network')]: [IO, WIRE],
  [PACKAGE('watching')]: [IO, WIRE],
};
