/**
 * A number with what it counts, such as "1 sandbox" or "2 sandboxes".
 * @param {number} number
 * @param {string} one
 * @param {string} many
 */
export function counted(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}
