import { printError } from './terminal.mjs';

/** A failure whose message is a sentence for the person at the terminal; it is shown without a stack. */
export class Failure extends Error {
  name = 'Failure';
}

/**
 * Runs a script's main function; a Failure is printed as a sentence and ends the process with code 1.
 * @param {() => Promise<number>} main resolves to the exit code
 */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (error instanceof Failure) printError(`\n${error.message}`);
    else printError(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = 1;
  }
}
