/** Where the API itself is. */
export interface ApiNames {
  readonly SANDBOX_DOMAIN: string;
  readonly SANDBOX_PUBLIC_URL: string;
}

/** Why pages of previews would be of the API's site, where cookies of one reach the other; null where they are of another. */
export function explainSharedSite(previewDomain: string | undefined, api: ApiNames): string | null {
  const previews = previewDomain?.toLowerCase();
  if (previews === undefined) return null;
  const names = {
    SANDBOX_DOMAIN: api.SANDBOX_DOMAIN.toLowerCase().replace(/^\*\.|:\d+$/g, ''),
    SANDBOX_PUBLIC_URL: api.SANDBOX_PUBLIC_URL === '' ? '' : new URL(api.SANDBOX_PUBLIC_URL).hostname,
  };
  for (const [variable, name] of Object.entries(names)) {
    if (name === '' || !(isWithin(previews, name) || isWithin(name, previews))) continue;
    return `SANDBOX_PREVIEW_DOMAIN (${previews}) must not be, contain or lie below ${variable} (${name}): pages of sandboxes would share cookies with the API. Take a domain of its own.`;
  }
  return null;
}

function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}
