import type { Finding, HeadToInspect, Inspection } from "./detector.ts";
import { hiddenTextsOf } from "./encodings.ts";
import type { FindInText } from "./inspect-body.ts";
import { latin1Of } from "./known-values.ts";

/** percent-encoding in base64 in percent-encoding, and no further: heads are short */
const MAX_DEPTH = 3;

/**
 * Looks at all that a request says before its body. `findFolded` is for the host
 * and the names of headers, whose case is lost on the way.
 */
export function inspectHead(head: HeadToInspect, find: FindInText, findFolded: FindInText): Inspection {
  const finding =
    inText(head.path, "path", find, 0) ??
    inHeaders(head.headers, find, findFolded) ??
    find(head.method, "method") ??
    findFolded(head.host.replaceAll(".", ""), "host") ??
    find(head.host, "host");
  return finding === undefined ? { kind: "clean" } : { kind: "found", finding };
}

function inHeaders(
  headers: HeadToInspect["headers"],
  find: FindInText,
  findFolded: FindInText,
): Finding | undefined {
  for (const [name, value] of headers) {
    // first and alone: a finding in the value is located by the name, which must not be a secret itself
    const finding =
      findFolded(name, "header name") ??
      inText(name, "header name", find, 0) ??
      inText(`${name}: ${value}`, `header ${name.toLowerCase()}`, find, 0);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

function inText(text: string, location: string, find: FindInText, depth: number): Finding | undefined {
  const bytes = /[\u0100-\uffff]/.test(text) ? latin1Of(Buffer.from(text, "utf8")) : text;
  const found = find(bytes, location);
  if (found !== undefined || depth === MAX_DEPTH) return found;
  for (const { form, text: hidden } of hiddenTextsOf(bytes)) {
    const inside = inText(hidden, `${location} > ${form}`, find, depth + 1);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
