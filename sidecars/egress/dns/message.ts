/**
 * The part of DNS that answering one question takes (RFC 1035, RFC 6891, RFC 8914). Everything in a message that is
 * not the question or EDNS is stepped over and never interpreted.
 */

export const TYPES = { a: 1, ptr: 12, opt: 41 } as const;
export const RCODES = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;

export type Rcode = (typeof RCODES)[keyof typeof RCODES];

const HEADER_BYTES = 12;
const MAX_NAME_BYTES = 255;
const MAX_LABEL_BYTES = 63;
const CLASS_IN = 1;
const FLAGS = {
  answer: 0x8000,
  opcode: 0x7800,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
} as const;
/** what may be sent to us in a datagram; answers are never longer either */
const UDP_BYTES = 512;
const EXTENDED_ERROR = 15;
const MAX_EXPLANATION_BYTES = 160;
/** in an answer, the name of the question, which follows the header */
const NAME_OF_QUESTION = 0xc000 | HEADER_BYTES;

/** What of a query an answer needs. */
export interface Query {
  readonly id: number;
  /** opcode and "recursion desired", which an answer repeats */
  readonly flags: number;
  /** as it came: an answer repeats it to the letter. Empty when it could not be read. */
  readonly question: Uint8Array;
  readonly hasEdns: boolean;
}

/** What is asked for, of the class IN. */
export interface Question {
  /** labels with dots between them, none at the end; undefined when a label holds a dot or what is not printable */
  readonly name: string | undefined;
  readonly type: number;
}

export type ReadQuery =
  | { readonly kind: "question"; readonly query: Query; readonly question: Question }
  /** to be answered with an error */
  | { readonly kind: "refused"; readonly query: Query; readonly rcode: Rcode }
  /** too short to be answered, or an answer itself, which two servers would throw at each other for ever */
  | { readonly kind: "ignored" };

export interface Answer {
  readonly rcode: Rcode;
  readonly records?: readonly { readonly type: number; readonly data: Uint8Array }[];
  /** seconds for which the records may be kept */
  readonly ttl?: number;
  /** why there are none, for clients that speak EDNS: a number of RFC 8914 and a sentence */
  readonly explanation?: { readonly code: number; readonly text: string };
}

/** Reads a message that claims to be a query. Never throws. */
export function readQuery(message: Buffer): ReadQuery {
  if (message.length < HEADER_BYTES) return { kind: "ignored" };
  const flags = message.readUInt16BE(2);
  if ((flags & FLAGS.answer) !== 0) return { kind: "ignored" };
  const unread: Query = {
    id: message.readUInt16BE(0),
    flags: flags & (FLAGS.opcode | FLAGS.recursionDesired),
    question: Buffer.alloc(0),
    hasEdns: false,
  };
  if ((flags & FLAGS.opcode) !== 0) return { kind: "refused", query: unread, rcode: RCODES.notImplemented };
  try {
    return readBody(message, unread);
  } catch {
    return { kind: "refused", query: unread, rcode: RCODES.formatError };
  }
}

/** The answer to a query as bytes; never longer than a datagram may be. */
export function writeAnswer(query: Query, answer: Answer): Buffer {
  const { rcode, records = [], ttl = 0, explanation } = answer;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(query.id, 0);
  header.writeUInt16BE(query.flags | FLAGS.answer | FLAGS.recursionAvailable | (rcode & 0xf), 2);
  header.writeUInt16BE(query.question.length === 0 ? 0 : 1, 4);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt16BE(query.hasEdns ? 1 : 0, 10);
  const parts: Uint8Array[] = [header, query.question];
  for (const { type, data } of records) parts.push(record({ name: NAME_OF_QUESTION, type, ttl, data }));
  if (query.hasEdns) parts.push(optRecord(rcode, explanation));
  return Buffer.concat(parts);
}

/** Labels as bytes; for names that are known to fit. */
export function writeName(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`));
  return Buffer.concat([...labels, Buffer.alloc(1)]);
}

function readBody(message: Buffer, unread: Query): ReadQuery {
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  if (questions !== 1 || answers !== 0 || authorities !== 0) throw new Error("not one question");
  const { name, end } = readName(message);
  const type = message.readUInt16BE(end);
  const isIn = message.readUInt16BE(end + 2) === CLASS_IN;
  const question = message.subarray(HEADER_BYTES, end + 4);
  const version = ednsVersion(message, end + 4, additionals ?? 0);
  const query: Query = { ...unread, question, hasEdns: version !== undefined };
  if (version !== undefined && version !== 0) return { kind: "refused", query, rcode: RCODES.badVersion };
  if (!isIn) return { kind: "refused", query, rcode: RCODES.refused };
  return { kind: "question", query, question: { name, type } };
}

/** The name of the question, in which nothing can be pointed to yet. */
function readName(message: Buffer): { readonly name: string | undefined; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message.readUInt8(at); length !== 0; length = message.readUInt8(at)) {
    const next = at + 1 + length;
    if (length > MAX_LABEL_BYTES || next - HEADER_BYTES >= MAX_NAME_BYTES) throw new Error("no name");
    labels.push(message.toString("latin1", at + 1, next));
    at = next;
  }
  const isPlain = labels.every((label) => /^[\x21-\x2d\x2f-\x7e]+$/.test(label));
  return { name: isPlain ? labels.join(".") : undefined, end: at + 1 };
}

/** Version of the EDNS that a query carries; undefined when it carries none. */
function ednsVersion(message: Buffer, start: number, records: number): number | undefined {
  let version: number | undefined;
  let at = start;
  for (let left = records; left > 0; left -= 1) {
    const isRoot = message.readUInt8(at) === 0;
    at = afterName(message, at);
    if (message.readUInt16BE(at) === TYPES.opt) {
      if (!isRoot || version !== undefined) throw new Error("not one OPT record");
      version = message.readUInt8(at + 5);
    }
    at += 10 + message.readUInt16BE(at + 8);
    if (at > message.length) throw new Error("a record is cut off");
  }
  return version;
}

/** Where a name ends; a pointer ends it. */
function afterName(message: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const length = message.readUInt8(at);
    if (length >= 0xc0) return at + 2;
    if (length > MAX_LABEL_BYTES) throw new Error("no label");
    at += 1 + length;
    if (length === 0) return at;
  }
}

function record(of: {
  readonly name: number;
  readonly type: number;
  readonly ttl: number;
  readonly data: Uint8Array;
}): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(of.name, 0);
  head.writeUInt16BE(of.type, 2);
  head.writeUInt16BE(CLASS_IN, 4);
  head.writeUInt32BE(of.ttl, 6);
  head.writeUInt16BE(of.data.length, 10);
  return Buffer.concat([head, of.data]);
}

/** EDNS of an answer: the upper bits of the code, and the explanation. */
function optRecord(rcode: Rcode, explanation: Answer["explanation"]): Buffer {
  const options = explanation === undefined ? Buffer.alloc(0) : extendedError(explanation);
  const head = Buffer.alloc(11);
  head.writeUInt16BE(TYPES.opt, 1);
  head.writeUInt16BE(UDP_BYTES, 3);
  head.writeUInt8(rcode >> 4, 5);
  head.writeUInt16BE(options.length, 9);
  return Buffer.concat([head, options]);
}

function extendedError({ code, text }: NonNullable<Answer["explanation"]>): Buffer {
  const said = Buffer.from(text, "ascii").subarray(0, MAX_EXPLANATION_BYTES);
  const head = Buffer.alloc(6);
  head.writeUInt16BE(EXTENDED_ERROR, 0);
  head.writeUInt16BE(2 + said.length, 2);
  head.writeUInt16BE(code, 4);
  return Buffer.concat([head, said]);
}
