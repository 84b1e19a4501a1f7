import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PushRepository, scanPath, SECRET } from "./git-push-kit.ts";

let agent: PushRepository;
let gate: PushRepository;
beforeEach(async () => {
  agent = new PushRepository();
  gate = new PushRepository();
  const hook = join(gate.gitDir, "hooks", "pre-receive");
  mkdirSync(join(gate.gitDir, "hooks"), { recursive: true });
  writeFileSync(
    hook,
    `#!/bin/sh\nexport PATH='${await scanPath()}'\nexec '${process.execPath}' '${join(import.meta.dirname, "git-push-process.ts")}'\n`,
  );
  chmodSync(hook, 0o700);
});
afterEach(() => {
  agent[Symbol.dispose]();
  gate[Symbol.dispose]();
});

const push = (...specs: string[]): string => agent.git(["push", "-q", gate.gitDir, ...specs]);
/** every object that the gate holds, reachable or not */
const held = (): string => gate.git(["cat-file", "--batch-all-objects", "--batch-check"]);

describe("a push that git holds in quarantine", () => {
  it("is looked at there, and leaves nothing behind when it is refused", () => {
    const clean = agent.commit({ files: { a: "clean" } });
    const to = agent.commit({ parents: [clean], files: { a: `key=${SECRET}` } });

    expect(() => push(`${clean}:refs/heads/clean`, `${to}:refs/heads/work`)).toThrow(/aws-access-key-id/);
    expect(held()).toBe("");
    expect(gate.git(["for-each-ref"])).toBe("");
  });

  it("goes through when it is clean, in a pack of deltas too", () => {
    const text = Array.from({ length: 500 }, (_, index) => `line ${index}`).join("\n");
    const first = agent.commit({ files: { a: text } });
    push(`${first}:refs/heads/work`);
    const second = agent.commit({ parents: [first], files: { a: `${text}\none more` } });

    push(`${second}:refs/heads/work`);

    expect(gate.git(["rev-parse", "refs/heads/work"])).toBe(second);
  });

  it("is refused for what a delta against the gate's own objects adds", () => {
    const text = Array.from({ length: 500 }, (_, index) => `line ${index}`).join("\n");
    const first = agent.commit({ files: { a: text } });
    push(`${first}:refs/heads/work`);
    const second = agent.commit({ parents: [first], files: { a: `${text}\nkey=${SECRET}` } });

    expect(() => push(`${second}:refs/heads/work`)).toThrow(/line 501/);
    expect(held()).not.toContain(second);
  });
});
