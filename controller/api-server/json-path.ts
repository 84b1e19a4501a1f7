/**
 * Reads one value by the JSONPath subset that printer columns use: `.a.b`,
 * `['a']`, `[0]` and `[?(@.type=="Ready")]`; undefined when it is not there.
 * Throws for a path outside the subset: that is a mistake in a definition.
 */
export function readJsonPath(object: unknown, path: string): unknown {
  let value = object;
  let rest = path;
  while (rest !== "") {
    const step = STEPS.map(({ pattern, read }) => ({ found: pattern.exec(rest), read })).find(
      ({ found }) => found !== null,
    );
    if (step?.found == null) throw new Error(`the JSONPath ${path} cannot be read at ${rest}`);
    value = step.read(value, step.found.groups ?? {});
    rest = rest.slice(step.found[0].length);
  }
  return value;
}

type Read = (value: unknown, groups: Readonly<Record<string, string>>) => unknown;

const field = (value: unknown, name: string | undefined): unknown =>
  value !== null && typeof value === "object" && name !== undefined && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

const STEPS: readonly { readonly pattern: RegExp; readonly read: Read }[] = [
  {
    pattern: /^\[\?\(@\.(?<key>[A-Za-z0-9_]+)\s*==\s*["'](?<wanted>[^"']*)["']\)\]/,
    read: (value, { key, wanted }) =>
      Array.isArray(value) ? value.find((each) => field(each, key) === wanted) : undefined,
  },
  {
    pattern: /^\[(?<index>\d+)\]/,
    read: (value, { index }) => (Array.isArray(value) ? value[Number(index)] : undefined),
  },
  { pattern: /^\['(?<key>[^']+)'\]/, read: (value, { key }) => field(value, key) },
  { pattern: /^\.(?<key>[A-Za-z0-9_-]+)/, read: (value, { key }) => field(value, key) },
];
