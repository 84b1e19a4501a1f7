import { createHash } from "node:crypto";
import { isPasswordValue, isRandomValue, isRealValue, isTokenValue } from "./looks-secret.ts";
import { holdsSeedPhrase } from "./seed-phrase.ts";

/** Judges what a pattern matched; `before` is what stands in front of it, up to 48 characters. */
export type Validator = (secret: string, before: string) => boolean;

/** Validators by the name that a rule gives in `accepts`. */
export const validators = {
  real: isRealValue,
  random: isRandomValue,
  token: isTokenValue,
  password: isPasswordValue,
  basic: isBasicCredential,
  card: isPaymentCard,
  iban: isIban,
  wif: isWif,
  seed: holdsSeedPhrase,
} as const satisfies Readonly<Record<string, Validator>>;

/** RFC 7617: user and password, in base64. */
function isBasicCredential(secret: string): boolean {
  const decoded = Buffer.from(secret, "base64").toString("latin1");
  const password = /^[\x20-\x7e]*?:([\x20-\x7e]{4,})$/.exec(decoded)?.[1];
  return password !== undefined && isRealValue(password);
}

/** lengths of card numbers by how they begin (ISO/IEC 7812 and the issuers' own ranges) */
const CARDS: readonly (readonly [begins: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|2[2-7])/, [16]],
  [/^3[47]/, [15]],
  [/^(?:6011|65)/, [16]],
  [/^35/, [16]],
  [/^3[068]/, [14]],
];
const WRITTEN_AS_CARD = /^(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{5})$/;
const CARD_CONTEXT =
  /card|visa|master|amex|american express|discover|diners|\bccn?\b|cc[-_]?num|\bpan\b|credit|debit|payment|pay with/i;

/** In one run of digits only where cards are spoken of: a number in ten passes Luhn's check. Numbers for tests repeat digits. */
function isPaymentCard(secret: string, before: string): boolean {
  const digits = secret.replace(/[ -]/g, "");
  const isOfIssuer = CARDS.some(
    ([begins, lengths]) => begins.test(digits) && lengths.includes(digits.length),
  );
  if (!isOfIssuer || new Set(digits).size < 5 || !passesLuhn(digits)) return false;
  return WRITTEN_AS_CARD.test(secret) || (/^\d+$/.test(secret) && CARD_CONTEXT.test(before));
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]) * (1 + (index % 2));
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

/** length of an IBAN by country (the SWIFT registry) */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 SV28 TN24 TR26 UA29 VA22 VG24 XK20"
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** ISO 13616: the length of its country, and a remainder of 1 modulo 97. */
function isIban(secret: string): boolean {
  const compact = secret.replaceAll(" ", "");
  const length = IBAN_LENGTHS[compact.slice(0, 2)];
  if (length === undefined || compact.length < length) return false;
  // words in capitals may follow without more than a space
  const iban = compact.slice(0, length);
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const WIF_VERSIONS: readonly number[] = [0x80, 0xef];

/** A Bitcoin private key in wallet import format: base58check over 33 or 34 bytes. */
function isWif(secret: string): boolean {
  let number = 0n;
  for (const character of secret) number = number * 58n + BigInt(BASE58.indexOf(character));
  const bytes = Buffer.from(number.toString(16).padStart(2, "0"), "hex");
  if (bytes.length !== 37 && bytes.length !== 38) return false;
  const [body, check] = [bytes.subarray(0, -4), bytes.subarray(-4)];
  return WIF_VERSIONS.includes(body[0]!) && sha256(sha256(body)).subarray(0, 4).equals(check);
}

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
