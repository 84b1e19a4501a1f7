import { fromCodePoint } from "./code-point.ts";

/** HTML's names for characters that stand in secrets or between their pieces. */
const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  Tab: "\t",
  NewLine: "\n",
  excl: "!",
  num: "#",
  dollar: "$",
  percnt: "%",
  lpar: "(",
  rpar: ")",
  ast: "*",
  plus: "+",
  comma: ",",
  period: ".",
  sol: "/",
  colon: ":",
  semi: ";",
  equals: "=",
  quest: "?",
  commat: "@",
  lsqb: "[",
  lbrack: "[",
  bsol: "\\",
  rsqb: "]",
  rbrack: "]",
  Hat: "^",
  lowbar: "_",
  UnderBar: "_",
  grave: "`",
  lcub: "{",
  lbrace: "{",
  verbar: "|",
  vert: "|",
  rcub: "}",
  rbrace: "}",
  hyphen: "-",
  dash: "-",
  shy: "",
  zwj: "",
  zwnj: "",
  ZeroWidthSpace: "",
  NoBreak: "",
  fjlig: "fj",
};

/** HTML and XML: decimal, hexadecimal and named, the semicolon left out as browsers allow it for numbers. */
export function entitiesDecoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#([0-9]{1,7});?|#[xX]([0-9A-Fa-f]{1,6});?|([A-Za-z]{2,14});)/g,
    (whole: string, decimal?: string, hexadecimal?: string, name?: string) => {
      if (decimal !== undefined) return fromCodePoint(decimal, 10);
      if (hexadecimal !== undefined) return fromCodePoint(hexadecimal, 16);
      return NAMED[name ?? ""] ?? whole;
    },
  );
}
