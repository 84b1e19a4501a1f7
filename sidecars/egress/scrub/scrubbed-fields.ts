/** True of the bytes as the upstream sent them, and of nothing else. */
const OF_THE_BYTES: ReadonlySet<string> = new Set([
  "content-md5",
  "content-digest",
  "repr-digest",
  "digest",
  "accept-ranges",
]);

const DECODABLE = /^(?:gzip|x-gzip|deflate|br|zstd|identity)$/i;

/** What becomes of the body of an answer. */
export interface BodyPlan {
  readonly hasBody: boolean;
  /** whether its content coding is undone */
  readonly isDecoded: boolean;
}

/** The fields of an answer whose body is searched: what would be wrong when something in it is replaced is left out. */
export function scrubbedFields(headers: readonly string[], plan: BodyPlan): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const [name, value] = [headers[index]!, headers[index + 1]!];
    const plain = name.toLowerCase();
    if (OF_THE_BYTES.has(plain) || (plan.hasBody && plain === "content-length")) continue;
    if (plan.isDecoded && plain === "content-encoding") continue;
    // what is decoded is the same thing, but not the same bytes (RFC 9110 §8.8.1)
    const isStrong = plan.isDecoded && plain === "etag" && !value.startsWith("W/");
    kept.push(name, isStrong ? `W/${value}` : value);
  }
  return kept;
}

/** The fields of a request whose answer will be searched: for all of it, in a coding that can be undone. */
export function askedForWhole(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const [name, value] = [headers[index]!, headers[index + 1]!];
    const plain = name.toLowerCase();
    if (plain === "range" || plain === "if-range") continue;
    kept.push(name, plain === "accept-encoding" ? decodable(value) : value);
  }
  return kept;
}

function decodable(accepted: string): string {
  const known = accepted.split(",").filter((each) => DECODABLE.test(each.split(";")[0]!.trim()));
  return known.length === 0 ? "identity" : known.map((each) => each.trim()).join(", ");
}

/** The value of a field, joined as a list when it is repeated. */
export function fieldOf(headers: readonly string[], name: string): string {
  return headers
    .filter((_, index) => index % 2 === 1 && headers[index - 1]!.toLowerCase() === name)
    .join(", ");
}
