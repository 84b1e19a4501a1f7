import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const table = [...readFileSync(new URL("AGENTS.md", root), "utf8").matchAll(/^\| `([^`]+)` \|/gm)].map(
  ([, path]) => path ?? "",
);

describe("the path table of AGENTS.md", () => {
  it("names only what exists", () => {
    expect(table.length).toBeGreaterThan(10);
    expect(table.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
  });

  it.each(["sidecars", "reconcilers", "local-runtime", "controller", "tests"])(
    "names every folder of %s",
    (parent) => {
      const folders = readdirSync(new URL(parent, root), { withFileTypes: true }).filter((entry) =>
        entry.isDirectory(),
      );

      expect(folders.map(({ name }) => `${parent}/${name}/`).filter((path) => !table.includes(path))).toEqual(
        [],
      );
    },
  );
});
