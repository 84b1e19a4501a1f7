/** A path below /api/v1 or /apis/GROUP/VERSION, taken apart. */
export interface ResourcePath {
  /** empty for the core group */
  readonly group: string;
  readonly version: string;
  readonly namespace?: string;
  readonly plural: string;
  readonly name?: string;
  readonly subresource?: string;
}

/**
 * Takes the path of a resource apart; undefined when it is none.
 *
 * `/api/v1/namespaces/x` is the Namespace x, `/api/v1/namespaces/x/secrets`
 * the Secrets in it: what follows the name decides, as in Kubernetes.
 */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const parts = decodedSegments(pathname);
  if (parts === undefined) return undefined;
  const [root, ...rest] = parts;
  if (root === "api") return withResource({ group: "", version: rest[0] ?? "" }, rest.slice(1));
  if (root === "apis") return withResource({ group: rest[0] ?? "", version: rest[1] ?? "" }, rest.slice(2));
  return undefined;
}

const NAMESPACE_SUBRESOURCES = ["status", "finalize"];

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

function withResource(base: GroupVersion, parts: readonly string[]): ResourcePath | undefined {
  const namespace = namespaceIn(base, parts);
  const [plural, name, subresource, ...extra] = namespace === undefined ? parts : parts.slice(2);
  if (base.version === "" || plural === undefined || extra.length > 0) return undefined;
  return {
    ...base,
    plural,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function namespaceIn({ group }: GroupVersion, [first, second, third]: readonly string[]): string | undefined {
  if (first !== "namespaces" || third === undefined) return undefined;
  return group === "" && NAMESPACE_SUBRESOURCES.includes(third) ? undefined : second;
}

/** The segments of a path, or undefined when one is empty, a dot segment, or decodes to a slash. */
function decodedSegments(pathname: string): string[] | undefined {
  const segments: string[] = [];
  for (const raw of pathname.replace(/^\//, "").replace(/\/$/, "").split("/")) {
    const segment = decoded(raw);
    if (segment === undefined || segment === "" || segment === "." || segment === "..") return undefined;
    if (segment.includes("/") || segment.includes("\0")) return undefined;
    segments.push(segment);
  }
  return segments;
}

function decoded(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
