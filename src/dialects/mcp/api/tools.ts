import { install } from '../executions/install.ts';
import { runPython } from '../executions/run-python.ts';
import { runShell } from '../executions/run-shell.ts';
import { editFile } from '../files/edit-file.ts';
import { fetchUrl } from '../files/fetch-url.ts';
import { listFiles } from '../files/list-files.ts';
import { readFile } from '../files/read-file.ts';
import { searchFiles } from '../files/search-files.ts';
import { shareFile } from '../files/share-file.ts';
import { writeFile } from '../files/write-file.ts';
import type { Links } from '../links.ts';
import { openPort } from '../ports/open-port.ts';
import { processInput } from '../processes/process-input.ts';
import { processOutput } from '../processes/process-output.ts';
import { sandbox } from '../sandboxes/sandbox.ts';
import type { Tool } from '../tool.ts';

/** All tools in the order in which clients get them, which never changes: what a model was told stays cached. */
export function allTools(links: Links, maxTimeoutSeconds: number): readonly Tool[] {
  return [
    runPython(maxTimeoutSeconds),
    runShell(maxTimeoutSeconds),
    processOutput,
    processInput,
    install,
    readFile,
    writeFile,
    editFile,
    listFiles,
    searchFiles,
    shareFile(links),
    openPort(links),
    fetchUrl,
    sandbox,
  ];
}
