/** A number with what it counts, such as "1 sandbox" or "2 sandboxes". */
export function counted(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
