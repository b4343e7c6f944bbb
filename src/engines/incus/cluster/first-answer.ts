/** What the first of the machines says that answers; throws what the last of them has said where none does. */
export async function firstAnswer<T>(urls: readonly string[], ask: (url: string) => Promise<T>): Promise<T> {
  let failure: unknown;
  for (const url of urls) {
    try {
      return await ask(url);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
