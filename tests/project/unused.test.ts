import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const paths = globSync("{crds,sidecars,reconcilers,local-runtime,controller,tests}/**/*.ts", { cwd: root });
const texts = new Map(paths.map((path) => [path, read(path)]));

const LIST = /(?:import|export)\s+(?:type\s+)?\{(?<names>[^}]*)\}\s+from\s+"(?<from>\.[^"]+)"/g;
const PASSED_ON = /^export\s+(?:type\s+)?\{(?<names>[^}]*)\}\s+from/gm;
const WHOLE = /import(?:\s+\*\s+as\s+\w+\s+from\s+|\()"(?<from>\.[^"]+)"/g;
const OWN = /^export (?:async )?(?:function\*?|const|class) (?<names>\w+)/gm;

interface Name {
  readonly outside: string;
  readonly inside: string;
}

/** The names in a list between braces; `a as b` has two. */
const namesOf = (list = ""): Name[] =>
  list.split(",").flatMap((entry) => {
    const [outside = "", inside = outside] = entry
      .trim()
      .replace(/^type /, "")
      .split(" as ");
    return outside === "" ? [] : [{ outside, inside }];
  });

/** `file name` of what a file takes from others, and `file *` where it takes all. */
function takenBy([path, text]: [string, string]): string[] {
  const at = (from = ""): string => join(dirname(path), from);
  return [
    ...[...text.matchAll(LIST)].flatMap(({ groups }) =>
      namesOf(groups?.["names"]).map(({ outside }) => `${at(groups?.["from"])} ${outside}`),
    ),
    ...[...text.matchAll(WHOLE)].map(({ groups }) => `${at(groups?.["from"])} *`),
  ];
}

/** Functions, constants and classes, and what is passed on; a schema stays beside the type of its name. */
function exportsOf(text: string): string[] {
  const found = [...text.matchAll(OWN), ...text.matchAll(PASSED_ON)];
  const names = found.flatMap(({ groups }) => namesOf(groups?.["names"]).map(({ inside }) => inside));
  return names.filter((name) => !text.includes(`export type ${name} =`));
}

describe("the sources", () => {
  it("export nothing that no other file uses", () => {
    const taken = new Set([...texts].flatMap(takenBy));
    const unused = [...texts].flatMap(([path, text]) =>
      taken.has(`${path} *`)
        ? []
        : exportsOf(text)
            .filter((name) => !taken.has(`${path} ${name}`))
            .map((name) => `${path}: ${name}`),
    );
    expect(unused).toEqual([]);
  });
});

describe("package.json", () => {
  it("names no package that nothing imports", () => {
    const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
    const all = [...texts.values()].join("\n");
    expect(Object.keys(dependencies).filter((name) => !all.includes(`"${name}`))).toEqual([]);
  });
});
