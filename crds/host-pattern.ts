/** Whether a pattern covers a host, both in normal form: `*.` and a name is any name below it, and not that name itself. */
export const coversHost = (pattern: string, host: string): boolean =>
  pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
