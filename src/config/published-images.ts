/** The image that this project builds, whatever the configuration's is. */
export const OWN_IMAGE = 'clara-sandbox:latest';

/** Names that the examples of published APIs use: K2's templates, and the images that the manager's and the gateway's clients ask for. */
const PUBLISHED = /^(?:(?:index\.)?docker\.io\/)?(?:k2data\/.|k2-sandbox\/.|(?:library\/)?python:3)/;

/** True for a name that means the own image where the operator has said nothing of it. */
export function isPublishedName(image: string): boolean {
  return PUBLISHED.test(image);
}
