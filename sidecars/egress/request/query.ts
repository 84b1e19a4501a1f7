import { plainParameterName } from "./credential-names.ts";

/** A query without the parameters of this name, in whatever spelling; the rest stays byte for byte as it came. */
export function withoutParameter(query: string, name: string): string {
  const kept = piecesOf(query).filter(({ parameter }) => !isNamed(parameter, name));
  return kept
    .map(({ text }) => text)
    .join("")
    .replace(/^[&;]/, "?");
}

/** A query with one more parameter at its end. */
export function withParameter(query: string, name: string, value: string): string {
  const parameter = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  return query.length < 2 ? `?${parameter}` : `${query}&${parameter}`;
}

/** Values of the parameters of this name, decoded. */
export function valuesOfParameter(query: string, name: string): string[] {
  return piecesOf(query).flatMap(({ parameter }) => (isNamed(parameter, name) ? [parameter[1]] : []));
}

/** Name and value of every parameter, decoded; some servers part them at a semicolon too. */
export function parametersOf(query: string): (readonly [name: string, value: string])[] {
  return piecesOf(query).map(({ parameter }) => parameter);
}

interface Piece {
  /** as it came, with the character before it */
  readonly text: string;
  readonly parameter: readonly [name: string, value: string];
}

function piecesOf(query: string): Piece[] {
  if (query.length < 2) return [];
  const texts = query.match(/[?&;][^&;]*/g) ?? [];
  return texts.map((text) => {
    // the question mark keeps one that follows from being taken for the start of a query
    const [parameter = ["", ""] as const] = new URLSearchParams(`?${text.slice(1)}`);
    return { text, parameter };
  });
}

const isNamed = ([name]: Piece["parameter"], wanted: string): boolean =>
  plainParameterName(name) === plainParameterName(wanted);
