/** One part of a multipart body: its own headers and its bytes, both as Latin-1 strings. */
export interface Part {
  readonly contentEncoding: string | undefined;
  readonly content: string;
}

/**
 * The parts of a multipart body (RFC 2046 §5.1), or none when it is not one.
 *
 * Only parts are returned: their headers, file names and identity contents
 * stand in the body as they are and are looked at there.
 */
export function partsOf(body: string, contentType: string | undefined): Part[] {
  const boundary = /^multipart\/[^;]+;.*?boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(contentType ?? "");
  if (boundary === null) return [];
  const delimiter = `--${boundary[1] ?? boundary[2]}`;
  return body
    .split(delimiter)
    .slice(1)
    .flatMap((section) => {
      const border = /\r?\n\r?\n/.exec(section);
      if (border === null) return [];
      const head = section.slice(0, border.index);
      return [
        {
          contentEncoding: /^content-encoding:\s*(\S+)/im.exec(head)?.[1],
          content: section.slice(border.index + border[0].length).replace(/\r?\n$/, ""),
        },
      ];
    });
}
