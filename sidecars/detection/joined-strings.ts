/** of one string in a row; longer ones hold what is to be seen whole */
const LONGEST = 256;
const MOST_BETWEEN = 64;

/**
 * Strings that are written one after the other, as in an array or added up
 * with `+`, joined: one row a line. Two in a row are also what stands at the
 * border of two members of an object: they count in brackets or when added up.
 */
export function joinedStrings(text: string): string {
  let lines = "";
  for (const quote of ['"', "'", "`"]) {
    for (let at = text.indexOf(quote); at !== -1; at = text.indexOf(quote, at + 1)) {
      const next = nextString(text, at, quote);
      if (next === -1) continue;
      const row = rowAround(text, at, quote);
      if (row.isRow) lines += `${row.joined}\n`;
      at = row.end;
    }
  }
  return lines;
}

/** Where the next string begins, when nothing but a comma or a sign of addition stands between. */
function nextString(text: string, end: number, quote: string): number {
  let at = skipSpace(text, end + 1);
  if (",+.&".includes(text.charAt(at))) at = skipSpace(text, at + 1);
  else if (at === end + 1) return -1;
  return text[at] === quote ? at : -1;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < from + MOST_BETWEEN && text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

interface Row {
  readonly joined: string;
  readonly isRow: boolean;
  readonly end: number;
}

/** The row in which a string ends at `at`. */
function rowAround(text: string, at: number, quote: string): Row {
  const first = Math.max(text.lastIndexOf(quote, at - 1), at - LONGEST - 1);
  let [joined, count, end] = [text.slice(first + 1, at), 1, at];
  let isAdded = false;
  for (let start = nextString(text, at, quote); start !== -1; start = nextString(text, end, quote)) {
    const close = text.indexOf(quote, start + 1);
    if (close === -1 || close - start > LONGEST + 1) break;
    isAdded ||= text.slice(end + 1, start).includes("+");
    joined += text.slice(start + 1, close);
    count += 1;
    end = close;
  }
  const isRow = count > 2 || (count === 2 && (isAdded || isBracketed(text, first)));
  return { joined, isRow, end: Math.max(at, end) };
}

const isBracketed = (text: string, at: number): boolean =>
  /[[(]\s{0,32}$/.test(text.slice(Math.max(0, at - 33), at));
