/**
 * What a check has found: `what` was looked at, what it `means`, and how to `mend` it where it is not in order.
 * @typedef {{level: 'ok' | 'warn' | 'fail', what: string, means: string, mend?: string}} Finding
 */

/**
 * In order.
 * @param {string} what
 * @param {string} means
 * @returns {Finding}
 */
export function ok(what, means) {
  return { level: 'ok', what, means };
}

/**
 * Works, with less than there could be.
 * @param {string} what
 * @param {string} means
 * @param {string} mend
 * @returns {Finding}
 */
export function warn(what, means, mend) {
  return { level: 'warn', what, means, mend };
}

/**
 * Does not work, or is not safe.
 * @param {string} what
 * @param {string} means
 * @param {string} mend
 * @returns {Finding}
 */
export function fail(what, means, mend) {
  return { level: 'fail', what, means, mend };
}
