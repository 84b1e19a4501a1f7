import { escapeLine } from "../../escape.ts";

/** Rows under headings, columns padded, three spaces between; the last column is not padded. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return formatRows([headings, ...rows]);
}

/** The same, where the last cell may have several lines, such as the end of a build: each under the one before. */
export function formatTableWithText(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return formatTable(headings, rows.flatMap(asLines));
}

function asLines(row: readonly string[]): string[][] {
  const [first = "", ...more] = (row.at(-1) ?? "").trimEnd().split("\n");
  const blank = row.slice(0, -1).map(() => "");
  return [[...row.slice(0, -1), first], ...more.map((line) => [...blank, line])];
}

/** Rows without headings, padded alike. */
export function formatRows(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(escapeLine));
  const widths = widthsOf(clean);
  return clean.map((row) => `${joinRow(row, widths)}\n`).join("");
}

/** Widths that fit every row. */
export function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  }
  return widths;
}

/** One row padded to `widths`. */
export function joinRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
    .join("   ")
    .trimEnd();
}
