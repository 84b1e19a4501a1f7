import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGitUrl } from "../../crds/git-url.ts";
import { agentGitConfig } from "../../reconcilers/bottle/git/agent-git-config.ts";
import { compileRoutes } from "../../sidecars/wire/compile-egress.ts";
import { compileRemotes } from "../../sidecars/wire/compile-git.ts";

const RUNS = { numRuns: 2_000 };

const words = (...of: string[]) =>
  fc.array(fc.constantFrom(...of), { minLength: 1, maxLength: 8 }).map((parts) => parts.join(""));
const nearly = words(
  ...[
    "ssh://",
    "https://",
    "git@",
    "h.example",
    "[::1]",
    ":",
    ":22",
    "/",
    "//",
    "a",
    "-",
    "..",
    ".",
    "~",
    ".git",
  ],
  ...["%2e", "?", "#", "@", " ", "\n", "\u0000", "é", "\\", "ext::", "$(x)", "'", '"', ";", "\u202e"],
);

const name = fc.constantFrom("a", "a2", "ab", "a.git", "a.github.io", "a/b", "a-b", "b");
const url = fc
  .tuple(
    fc.constantFrom(
      "ssh://git@h.example/",
      "ssh://h.example:2222/",
      "https://h.example/",
      "git@h.example:",
      "h.example:/",
    ),
    name,
    fc.constantFrom("", ".git", "/"),
  )
  .map((parts) => parts.join(""));

/** what git does with insteadOf: the longest prefix wins, of equals the first */
function resolved(config: string, wanted: string): string {
  let [base, longest] = ["", ""];
  let best = { base: "", prefix: "" };
  for (const line of config.split("\n")) {
    base = /^\[url "(.*)"\]$/.exec(line)?.[1] ?? base;
    longest = /^\tinsteadOf = (.*)$/.exec(line)?.[1] ?? "";
    if (longest.length > best.prefix.length && wanted.startsWith(longest)) best = { base, prefix: longest };
  }
  return best.base + wanted.slice(best.prefix.length);
}

describe("the URL of a remote", () => {
  it("is taken apart, or refused, and never half of it", () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: "binary" })), (text) => {
        const address = parseGitUrl(text);
        if (address === undefined) return;
        expect(text).toMatch(/^[A-Za-z0-9_.:/@~+=,[\]-]+$/);
        expect(address.host).not.toMatch(/^-|@|\//);
        expect(address.user ?? "x").not.toMatch(/^-|[:@/]/);
        expect(address.path).toMatch(/^[/~A-Za-z0-9._+@=,]/);
        expect(address.path.split("/")).not.toContain("..");
        expect(address.port).toBeGreaterThan(0);
        expect(address.port).toBeLessThan(65_536);
      }),
      RUNS,
    );
  });
});

describe("the agent's git", () => {
  it("finds every remote by its own URL, whatever the others are called", () => {
    fc.assert(
      fc.property(fc.uniqueArray(url, { minLength: 1, maxLength: 5 }), fc.boolean(), (urls, isReachable) => {
        const remotes = compileRemotes({
          remotes: urls.map((each, index) => ({ name: `r${index}`, url: each })),
        });
        const routes = compileRoutes({ routes: isReachable ? [{ host: "h.example" }] : [] });
        const config = agentGitConfig(undefined, { remotes, routes });
        const bare = (text: string): string => text.replace(/\/$/, "");
        for (const [index, each] of urls.entries()) {
          const first = urls.findIndex((other) => bare(other) === bare(each));
          expect(resolved(config, each).replace(/\/$/, "")).toBe(
            `http://git-gate:9420/r${Math.min(index, first)}.git`,
          );
        }
      }),
      RUNS,
    );
  });
});
