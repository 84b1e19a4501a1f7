/** A short text of a request that may be a piece of something that is split. */
export interface Piece {
  /** where such texts follow one another over requests, such as `query q` */
  readonly slot: string;
  /** of the field that it is the value of; empty when it has none */
  readonly name: string;
  readonly text: string;
}

/** longer texts are no pieces: what is in them is looked at where it stands */
const LONGEST = 256;
/** of one body; a body with more fields is no message of an agent that splits something */
const MOST = 1024;

/** The values of a JSON text or a form, in order, with their names; a short text of another kind is one itself. */
export function piecesOf(text: string): Piece[] {
  if (/^\s{0,16}[[{]/.test(text)) return valuesOfJson(text);
  const fields = /^[^\s=&]{1,256}=[^\s&]{0,4096}(?:&|$)/.test(text) ? fieldsOf(text, "field") : [];
  const whole = text.trim();
  return whole.length > LONGEST ? fields : [...fields, { slot: "text", name: "", text: whole }];
}

/** Names and values of a query or a form, percent-encoding undone. */
export function fieldsOf(text: string, kind: string): Piece[] {
  const pieces: Piece[] = [];
  for (const field of text.split(/[&;]/, MOST)) {
    const border = field.indexOf("=");
    const name = border === -1 ? "" : field.slice(0, border);
    const value = decoded(field.slice(border + 1));
    if (value.length <= LONGEST) pieces.push({ slot: `${kind} ${name}`, name, text: value });
  }
  return pieces;
}

function valuesOfJson(text: string): Piece[] {
  const pieces: Piece[] = [];
  let name = "";
  for (let start = text.indexOf('"'); start !== -1 && pieces.length < MOST;) {
    const end = endOfString(text, start);
    if (end === -1) break;
    const string = end - start > LONGEST ? "" : text.slice(start + 1, end);
    if (/^\s{0,8}:/.test(text.slice(end + 1, end + 10))) name = string;
    else if (string !== "") pieces.push({ slot: `member ${name}`, name, text: string });
    start = text.indexOf('"', end + 1);
  }
  return pieces;
}

/** of a string, its escaped quotes passed over */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && text[end - 1] === "\\" && text[end - 2] !== "\\") end = text.indexOf('"', end + 1);
  return end;
}

const decoded = (text: string): string =>
  text
    .replaceAll("+", " ")
    .replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
