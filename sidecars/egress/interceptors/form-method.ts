import { setImmediate } from "node:timers/promises";
import { decodeContent } from "../../detection/content-coding.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";

/** A parameter of a form, or of the query, by which Rails, Symfony, Laravel and others take a POST for another method. */
const PARAMETER = "_method";
const LETTERS = [...PARAMETER].map((letter) => {
  // PHP takes a dot in a name for an underscore
  const same = letter === "_" ? "_." : `${letter}${letter.toUpperCase()}`;
  const escapes = [...same].map((each) => `%${each.charCodeAt(0).toString(16)}`);
  return `(?:[${same}]|${escapes.join("|")})`;
});
/** PHP leaves out spaces before a name, and a NUL with what stands behind it */
const [BEFORE, BEHIND] = ["(?:[ +]|%20)*", "[ +]*(?:(?:\\0|%00)[^=&;]*)?"];
const FIELD = new RegExp(`(?:^|[?&;])${BEFORE}${LETTERS.join("")}${BEHIND}=([^&;]*)`, "gi");
/** in the head of a part of a form, which ends with an empty line */
const PART = /;\s*name\s*=\s*(?:" *)?[_.]method\b/i;

const SLICE = 512 * 1024;
/** of two slices: a name and its value fit in */
const OVERLAP = 1024;

/**
 * Refuses a POST whose form names a method that its route does not allow. A
 * form is read when it is held; of one that streams only the query is.
 */
export function formMethod(): Interceptor {
  return (next) => async (exchange) => {
    const { methods, name: route } = routeOf(exchange);
    if (exchange.head.method !== "POST" || methods.includes("*")) return next(exchange);
    const named = [...namedIn(exchange.query), ...(await namedInBody(exchange))];
    if (named.every((method) => methods.includes(method.trim().toUpperCase()))) return next(exchange);
    const because = `the form names another method (${PARAMETER}), and route ${route} does not allow that`;
    return deny({ code: "MethodNotAllowed", because, route });
  };
}

const namedIn = (text: string): string[] => [
  ...[...text.matchAll(FIELD)].map(([, value = ""]) => value),
  ...namedInParts(text),
];

/** Each character is looked at once, whatever an agent writes: one pattern for head and value would take a square of it. */
function namedInParts(text: string): string[] {
  const sections = text.split(/\r?\n\r?\n/);
  return sections.slice(1).flatMap((value, index) => (PART.test(sections[index]!) ? [firstLine(value)] : []));
}

const firstLine = (text: string): string => /^[^\r\n]*/.exec(text)![0];

async function namedInBody({ body, fields }: Exchange): Promise<string[]> {
  const { contentType, contentEncoding } = fields;
  // a POST without a type is taken for a form by some
  const isForm = contentType === undefined || /x-www-form-urlencoded|multipart\//i.test(contentType);
  if (!isForm || !(body instanceof Uint8Array)) return [];
  const decoded = await decodeContent(body, contentEncoding);
  // what cannot be decoded was refused when it was scanned
  if (decoded.kind === "opaque") return [];
  const bytes = Buffer.from(decoded.bytes.buffer, decoded.bytes.byteOffset, decoded.bytes.byteLength);
  const named: string[] = [];
  for (let at = 0; at < bytes.length; at += SLICE) {
    if (at > 0) await setImmediate();
    named.push(...namedIn(bytes.toString("latin1", at, at + SLICE + OVERLAP)));
  }
  return named;
}
