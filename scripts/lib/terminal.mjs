/**
 * Prints lines for the person at the terminal.
 * @param {...string} lines
 */
export function print(...lines) {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

/**
 * Prints a message that says what went wrong.
 * @param {string} message
 */
export function printError(message) {
  process.stderr.write(`${message}\n`);
}
