import type { Rules } from './words.ts';

const PACKAGE = (name: string) => `agent/clara_agent/${name}`;

const [ERRORS, IO, WIRE, JOBS, HOST, FILES, PYTHON] = [
  PACKAGE('errors.py'),
  PACKAGE('io'),
  PACKAGE('wire'),
  PACKAGE('jobs'),
  PACKAGE('host'),
  PACKAGE('files'),
  PACKAGE('python'),
];

/** The packages of the agent. */
export const AGENT_RULES: Rules = {
  [PACKAGE('main.py')]: [PACKAGE('agent.py'), IO, WIRE],
  [PACKAGE('agent.py')]: [
    ERRORS,
    IO,
    WIRE,
    HOST,
    PYTHON,
    PACKAGE('processes'),
    PACKAGE('contexts'),
    PACKAGE('network'),
    PACKAGE('watching'),
  ],
  [ERRORS]: [],
  [IO]: [],
  [WIRE]: [ERRORS, IO],
  [JOBS]: [ERRORS, IO, WIRE],
  [HOST]: [ERRORS, IO, WIRE, JOBS],
  [FILES]: [ERRORS, IO, WIRE, JOBS],
  [PACKAGE('archives')]: [ERRORS, IO, WIRE, JOBS, FILES],
  [PYTHON]: [ERRORS, IO, WIRE, HOST, FILES],
  [PACKAGE('processes')]: [ERRORS, IO, WIRE, HOST, PYTHON, PACKAGE('watching')],
  [PACKAGE('contexts')]: [ERRORS, IO, WIRE, HOST, PACKAGE('watching'), PACKAGE('processes')],
  [PACKAGE('network')]: [ERRORS, IO, WIRE],
  [PACKAGE('watching')]: [ERRORS, IO, WIRE],
};
