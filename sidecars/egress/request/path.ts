/** A path that can be decided on, or what is wrong with it. */
export type NormalPath =
  | {
      readonly kind: "path";
      /** as it is sent on: starts with a slash, has no dot segments */
      readonly path: string;
      /** how a server may read the same bytes that decodes slashes or merges them; equal to `path` as a rule */
      readonly alternative: string;
    }
  | { readonly kind: "invalid"; readonly because: string };

const NEEDS_A_LOOK = /[%\\;]|\/\.|\/\//;
const UNRESERVED = /[A-Za-z0-9._~-]/;
const ENCODED = /%[0-9A-Fa-f]{2}/g;
/** UTF-8 that is longer than it need be (RFC 3629, 3): some decoders read a slash or a dot in it */
const OVERLONG = /%c[01]%[89ab]|%e0%[89]|%f0%8/i;

/**
 * The normal form of a request's path (RFC 3986, 6.2.2): unreserved characters
 * decoded, dot segments resolved. An encoded slash stays one character of its
 * segment, as npm's scoped packages need it; whatever could be read as a dot
 * segment after that is refused.
 */
export function normalisePath(raw: string): NormalPath {
  if (!raw.startsWith("/")) return invalid("the path does not start with a slash");
  if (!NEEDS_A_LOOK.test(raw)) return { kind: "path", path: raw, alternative: raw };
  if (raw.includes("\\")) return invalid("the path holds a backslash");
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) return invalid("the path holds a percent sign that encodes nothing");
  if (/%(0[0-9A-Fa-f]|1[0-9A-Fa-f]|7[Ff])/.test(raw)) return invalid("the path holds a control character");
  if (OVERLONG.test(raw)) return invalid("the path holds a character in more bytes than it takes");
  const path = resolveDotSegments(raw.replace(ENCODED, decodeUnreserved));
  const alternative = asALenientServerReadsIt(path);
  return alternative === undefined
    ? invalid("the path can be read in two ways: it hides a dot segment")
    : { kind: "path", path, alternative };
}

function resolveDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const isDot = segment === "." || segment === "..";
    if (segment === "..") kept.pop();
    if (!isDot) kept.push(segment);
    else if (index === segments.length - 1) kept.push("");
  }
  return `/${kept.join("/")}`;
}

/** RFC 3986, 6.2.2.1 and 6.2.2.2: what need not be encoded is not, the rest in capitals. */
function decodeUnreserved(encoded: string): string {
  const character = characterOf(encoded);
  return UNRESERVED.test(character) ? character : encoded.toUpperCase();
}

const characterOf = (encoded: string): string => String.fromCharCode(Number.parseInt(encoded.slice(1), 16));

/** Decodes three times, as a chain of servers might, and merges slashes. Undefined when dot segments come to light. */
function asALenientServerReadsIt(path: string): string | undefined {
  let decoded = path;
  for (let round = 0; round < 3; round += 1) decoded = decoded.replace(ENCODED, characterOf);
  // parameters after a semicolon belong to no segment for some servers
  const segments = decoded.split(/[/\\]/).map((segment) => segment.replace(/;.*/s, ""));
  if (segments.some((segment) => segment === "." || segment === "..")) return undefined;
  const named = segments.filter((segment) => segment !== "");
  const end = named.length > 0 && segments.at(-1) === "" ? "/" : "";
  return `/${named.join("/")}${end}`;
}

function invalid(because: string): NormalPath {
  return { kind: "invalid", because };
}
