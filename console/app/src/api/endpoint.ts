// Where the console is and where its API is, also behind a proxy that adds a prefix to every address.

/** The path of the console's first page, ending in a slash: built files lie in assets/ below it. */
export const BASE = import.meta.env.DEV ? '/' : new URL('..', import.meta.url).pathname;

export const ENDPOINT = `${BASE}graphql`;

export function socketAddress(): string {
  const address = new URL(ENDPOINT, window.location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}
