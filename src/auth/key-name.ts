/** The name of the key behind a principal; no key's name has a slash in it. */
export function keyNameOf(principalName: string): string {
  const [keyName = principalName] = principalName.split('/', 1);
  return keyName;
}
