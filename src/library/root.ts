import { existsSync } from 'node:fs';

/** The folder with the agent and package.json, above this file, be it compiled or not. */
export function findRoot(): URL {
  for (let folder = new URL('./', import.meta.url); ; folder = new URL('../', folder)) {
    if (existsSync(new URL('agent/clara_agent', folder)) && existsSync(new URL('package.json', folder))) return folder;
    if (folder.pathname === '/') throw new Error('The package clara-sandbox is not whole: its agent is missing.');
  }
}
