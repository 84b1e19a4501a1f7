import { isAscii } from "node:buffer";

/** Letters of other scripts that are drawn as these are (UTS #39), after NFKD has undone fullwidth and styled ones. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  A: "ΑАᎪᴀ",
  B: "ΒВᏴʙ",
  C: "СϹᏟᴄ",
  D: "Ꭰᴅ",
  E: "ΕЕᎬᴇ",
  F: "Ϝ",
  G: "ԌᏀɢ",
  H: "ΗНᎻʜ",
  I: "ΙІӀⅠᏆɪ",
  J: "ЈᎫᴊ",
  K: "ΚКᏦᴋ",
  L: "Ꮮʟ",
  M: "ΜМᎷᴍ",
  N: "Νɴ",
  O: "ΟОՕᴏ",
  P: "ΡРᏢᴘ",
  Q: "Ԛ",
  R: "Ꭱʀ",
  S: "ЅՏᏚ",
  T: "ΤТᎢᴛ",
  U: "Սᴜ",
  V: "ѴᏙᴠ",
  W: "ԜᎳᴡ",
  X: "ΧХ",
  Y: "ΥҮᎽʏ",
  Z: "ΖᏃᴢ",
  a: "аαɑ",
  b: "ЬƄ",
  c: "сϲⅽ",
  d: "ԁⅾ",
  e: "еҽ",
  g: "ɡց",
  h: "һհ",
  i: "іιı",
  j: "јϳ",
  k: "кκ",
  l: "ӏⅼ",
  m: "мⅿ",
  n: "ոռ",
  o: "оοօ",
  p: "рρ",
  q: "ԛգ",
  r: "г",
  s: "ѕ",
  t: "тτ",
  u: "υսʋ",
  v: "νѵⅴ",
  w: "ԝѡա",
  x: "хχⅹ",
  y: "уүγ",
  z: "ᴢ",
  "0": "٠۰߀",
  "1": "١۱",
  "-": "‐‑‒–—―−﹣",
  _: "‗﹍",
  "/": "⁄∕",
  ".": "․",
  ":": "։׃∶",
};

const letters = new Map(
  Object.entries(LOOKALIKES).flatMap(([letter, others]) => [...others].map((other) => [other, letter])),
);
const LOOKALIKE = new RegExp(`[${[...letters.keys()].join("")}]`, "gu");
/** marks on letters, and what is not drawn at all */
const INVISIBLE = /[\p{M}\p{Cf}\u3164\u115f\u1160]/gu;
/** a whole ASCII that is not drawn */
const TAGS = /[\u{e0020}-\u{e007e}]/gu;

/** The text as a reader sees it: compatibility forms, lookalikes of other scripts and invisible characters undone. */
export function folded(text: string): string {
  const bytes = Buffer.from(text, "latin1");
  if (isAscii(bytes)) return text;
  const seen = bytes
    .toString("utf8")
    .replace(TAGS, (tag) => String.fromCharCode((tag.codePointAt(0) ?? 0) - 0xe0000))
    .normalize("NFKD")
    .replace(INVISIBLE, "")
    .replace(LOOKALIKE, (other) => letters.get(other) ?? other);
  return Buffer.from(seen, "utf8").toString("latin1");
}
