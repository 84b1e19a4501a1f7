import { existsSync, readFileSync } from "node:fs";
import { expect, it, describe } from "vitest";

const page = new URL("../../docs/security.md", import.meta.url);

/** `[link](file): "title", "title"` in the tables. */
const claims = [
  ...readFileSync(page, "utf8").matchAll(/\[[^\]]+\]\(([^)]+\.test\.ts)\): ((?:"[^"]+"(?:, )?)+)/g),
].flatMap(([, file, titles]) =>
  [...(titles ?? "").matchAll(/"([^"]+)"/g)].map(([, title]) => ({ file: file ?? "", title: title ?? "" })),
);

describe("docs/security.md", () => {
  it("links its promises to tests", () => {
    expect(claims.length).toBeGreaterThan(30);
  });

  it.each(claims)("$file has $title", ({ file, title }) => {
    const path = new URL(file, page);

    expect(existsSync(path)).toBe(true);
    const source = readFileSync(path, "utf8");
    expect(
      source.includes(title) ||
        source.includes(title.replaceAll('"', '\\"')) ||
        titleFromTemplate(source, title),
    ).toBe(true);
  });
});

/** A title that a table fills in: its fixed words must be there, in one template that has some. */
function titleFromTemplate(source: string, title: string): boolean {
  const templates = [...source.matchAll(/"([^"]*%s[^"]*)"|`([^`]*\$\{[^`]*)`/g)].map(
    ([, percent, braces]) => percent ?? braces ?? "",
  );
  const withWords = templates.filter((template) => /[a-z]{2}/.test(template.replaceAll(/\$\{[^}]*\}/g, "")));
  return withWords.some((template) =>
    new RegExp(
      `^${template
        .split(/%s|\$\{[^}]*\}/)
        .map((fixed) => RegExp.escape(fixed))
        .join(".+")}$`,
    ).test(title),
  );
}
