/** One part of a multipart body that may hold more than it shows: its own coding and its bytes as a Latin-1 string. */
export interface Part {
  /** of the field; empty when it has none */
  readonly name: string;
  readonly contentEncoding: string | undefined;
  readonly content: string;
}

/**
 * The parts of a multipart body (RFC 2046 §5.1), or none when it is not one.
 *
 * Only parts are returned: their headers, file names and identity contents
 * stand in the body as they are and are looked at there.
 */
export function* partsOf(body: string, contentType: string | undefined): Generator<Part> {
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
