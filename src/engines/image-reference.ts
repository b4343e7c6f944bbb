const REFERENCE = /^[A-Za-z0-9](?:[A-Za-z0-9._/:@-](?!\.\.))*$/;

/** True for what may name an image and goes into a URL unchanged. https://github.com/distribution/reference */
export function isImageReference(name: string): boolean {
  return REFERENCE.test(name);
}
