/** One part of a body that may hold more than it shows: its own coding and its bytes as a Latin-1 string. */
export interface Part {
  /** of the field; empty when it has none */
  readonly name: string;
  readonly contentEncoding: string | undefined;
  readonly content: string;
  /** in a coding that its first bytes show */
  readonly isCompressed?: boolean;
}

const FORM = /^multipart\//i;
const GRPC = /^application\/(?:grpc|connect\+)/i;

/** Whether a body of the type is made of parts. */
export const hasParts = (contentType = ""): boolean => FORM.test(contentType) || GRPC.test(contentType);

/** What a body is made of that may hold more than it shows: parts of a form, messages of gRPC. */
export function* partsOf(body: string, contentType: string | undefined): Generator<Part> {
  yield* partsOfForm(body, contentType);
  yield* messagesOf(body, contentType);
}

/**
 * The parts of a multipart body (RFC 2046 §5.1), or none when it is not one.
 *
 * Only parts are returned: their headers, file names and identity contents
 * stand in the body as they are and are looked at there.
 */
function* partsOfForm(body: string, contentType: string | undefined): Generator<Part> {
  const boundary = /^multipart\/[^;]+;.*?boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(contentType ?? "");
  if (boundary === null) return;
  const delimiter = `--${boundary[1] ?? boundary[2]}`;
  for (let start = body.indexOf(delimiter); start !== -1;) {
    const from = start + delimiter.length;
    const next = body.indexOf(delimiter, from);
    const part = partOf(body.slice(from, next === -1 ? undefined : next));
    if (part !== undefined) yield part;
    start = next;
  }
}

function partOf(section: string): Part | undefined {
  const border = /\r?\n\r?\n/.exec(section);
  if (border === null) return undefined;
  const head = section.slice(0, border.index);
  return {
    name: /;\s*name="?([^";\r\n]{0,256})/i.exec(head)?.[1] ?? "",
    contentEncoding: /^content-encoding:\s*(\S+)/im.exec(head)?.[1],
    content: section.slice(border.index + border[0].length).replace(/\r?\n$/, ""),
  };
}

const GRPC_HEAD = 5;
const IS_COMPRESSED = 1;

/** The compressed messages of a call of gRPC: a byte of flags and four of length stand before each. */
function* messagesOf(body: string, contentType: string | undefined): Generator<Part> {
  if (!GRPC.test(contentType ?? "")) return;
  for (let at = 0; at + GRPC_HEAD < body.length;) {
    const length = Buffer.from(body.slice(at + 1, at + GRPC_HEAD), "latin1").readUInt32BE();
    const from = at + GRPC_HEAD;
    const isCompressed = (body.charCodeAt(at) & IS_COMPRESSED) !== 0;
    if (isCompressed)
      yield { name: "", contentEncoding: undefined, isCompressed, content: body.slice(from, from + length) };
    at = from + length;
  }
}
