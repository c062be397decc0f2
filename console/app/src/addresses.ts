// How addresses are written: parameters as plain text, so that people can read, write and share them.

export type Parameters = Record<string, string>;

export function readParameters(search: string): Parameters {
  return Object.fromEntries(new URLSearchParams(search));
}

/** `?status=FAILED,TIMED_OUT&step=loop[3].fetch`: what an address may hold as it is stays as it is. */
export function writeParameters(parameters: Record<string, unknown>): string {
  const written = Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${encode(name)}=${encode(String(value))}`);
  return written.length === 0 ? '' : `?${written.join('&')}`;
}

/** Takes these parameters of an address, where they are text, and leaves out the others. */
export function textsOf<Name extends string>(...names: readonly Name[]): (search: Record<string, unknown>) => Partial<Record<Name, string>> {
  return (search) =>
    Object.fromEntries(
      names.map((name) => [name, search[name]]).filter(([, value]) => typeof value === 'string' && value !== ''),
    ) as Partial<Record<Name, string>>;
}

/** The parameters that say something. */
export function filled<Name extends string>(parameters: Readonly<Partial<Record<Name, string | undefined>>>): Partial<Record<Name, string>> {
  return Object.fromEntries(
    Object.entries(parameters).filter(([, value]) => value !== undefined && value !== ''),
  ) as Partial<Record<Name, string>>;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(?:2C|3A|5B|5D|2F|40|3D|24)/g, decodeURIComponent).replaceAll('%20', '+');
}
