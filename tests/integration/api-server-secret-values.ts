import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type ApiServerKit } from "./api-server-kit.ts";

export const VALUE = "correct-horse-battery-staple";
export const OTHER = "another-value-altogether";

export const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** No form of a value in what clients got, what was logged, and any file of the state folder, WAL included. */
export function expectNoValueIn(kit: ApiServerKit, seen: string): void {
  const places = new Map([["answers", seen], ["log", kit.logged.join("\n")], ...filesBelow(kit.folder)]);
  expect([...places.keys()].some((place) => place.endsWith("-wal"))).toBe(true);
  for (const [place, content] of places) {
    for (const value of [VALUE, OTHER]) {
      for (const form of [
        value,
        base64(value),
        base64(value).slice(0, 16),
        Buffer.from(value).toString("hex"),
      ]) {
        expect(content.includes(form), `${form} in ${place}`).toBe(false);
      }
    }
  }
}

function filesBelow(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((path) => statSync(path).isFile())
    .map((path) => [path, readFileSync(path, "latin1")]);
}
