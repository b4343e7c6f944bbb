import type { Rules } from './rules.ts';

const TOP = 'agent/clara_agent';

/** By package what it may use, as its docstring says it. */
const PACKAGES: Rules = {
  archives: ['io', 'wire', 'jobs', 'files'],
  contexts: ['io', 'wire', 'host', 'watching', 'display', 'processes'],
  processes: ['io', 'wire', 'host', 'python', 'watching'],
  python: ['io', 'wire', 'host', 'files', 'display'],
  files: ['io', 'wire', 'jobs'],
  host: ['io', 'wire', 'jobs'],
  jobs: ['io', 'wire'],
  network: ['io', 'wire'],
  watching: ['io', 'wire'],
  wire: ['io'],
  display: [],
  io: [],
};

const inTop = (name: string) => `${TOP}/${name}`;

/** The packages of the agent; the files over them, which start it and find its operations, use all that these name. */
export const AGENT_RULES: Rules = {
  [TOP]: ['io', 'wire', 'host', 'python', 'files', 'archives', 'network', 'watching', 'processes', 'contexts'].map(
    inTop,
  ),
  ...Object.fromEntries(Object.entries(PACKAGES).map(([name, uses]) => [inTop(name), uses.map(inTop)])),
};
