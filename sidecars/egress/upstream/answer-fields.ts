import { DENIED_HEADER, FAILED_HEADER } from "../denial.ts";
import { areTooManyTrailers, HOP_FIELDS } from "../request/fields.ts";

/** not for the agent: fields of one hop, another protocol than ours, and what only we may say */
const DROPPED: ReadonlySet<string> = new Set(
  [...HOP_FIELDS, "alt-svc", DENIED_HEADER, FAILED_HEADER].filter((name) => name !== "content-length"),
);

/** The fields of an answer that are passed on to the agent: name, value, name, value, … */
export function passedOn(raw: readonly (Buffer | string)[]): string[] {
  const headers: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toString("latin1");
    // what begins with a colon is of HTTP/2's own
    const isKept = !DROPPED.has(name.toLowerCase()) && !name.startsWith(":");
    if (isKept) headers.push(name, raw[index + 1]!.toString("latin1"));
  }
  return headers;
}

/** The trailers that are passed on: none that frame the message. Throws when they are too large. */
export function trailersPassedOn(fields: readonly string[]): string[] {
  if (areTooManyTrailers(fields)) {
    throw Object.assign(new Error("trailers"), { code: "UND_ERR_HEADERS_OVERFLOW" });
  }
  return passedOn(fields).filter(
    (_, index, all) => all[index - (index % 2)]!.toLowerCase() !== "content-length",
  );
}

/** What is chunked alone is undone by who reads it; any other coding would go on unseen, since its field does not. */
export function hasUnknownTransferCoding(raw: readonly (Buffer | string)[]): boolean {
  const name = "transfer-encoding";
  return raw.some(
    (text, index) =>
      index % 2 === 0 &&
      text.length === name.length &&
      text.toString("latin1").toLowerCase() === name &&
      raw[index + 1]!.toString("latin1").trim().toLowerCase() !== "chunked",
  );
}
