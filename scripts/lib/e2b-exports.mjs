const E2B_KEY = /^e2b_[0-9a-f]+$/;

/**
 * The three lines after which E2B's own clients speak with this server. They refuse keys of another form unless they are told not to,
 * and such a key reaches E2B's API below its prefix alone.
 * @param {string} address
 * @param {string} key
 */
export function e2bExports(address, key) {
  const isTheirs = E2B_KEY.test(key);
  return [
    `export E2B_API_URL=${address}${isTheirs ? '' : '/e2b E2B_VALIDATE_API_KEY=false'}`,
    `export E2B_SANDBOX_URL=${address}`,
    `export E2B_API_KEY=${key}`,
  ];
}
