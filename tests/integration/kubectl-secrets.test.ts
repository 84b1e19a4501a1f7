import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiServerKit, startApiServer } from "./api-server-kit.ts";
import { expectNoValueIn, OTHER, VALUE } from "./api-server-secret-values.ts";

let kit: ApiServerKit;
/** every byte that kubectl printed */
let seen = "";
let count = 0;
let name = "";

beforeAll(async () => {
  kit = await startApiServer();
});
afterAll(() => kit.close());
beforeEach(() => {
  name = `secret-${(count += 1)}`;
  seen = "";
});

const expectNoValue = (): void => expectNoValueIn(kit, seen);

async function held(): Promise<string | undefined> {
  const found = await kit.vault.value({ namespace: "default", name }, "key", AbortSignal.timeout(5_000));
  return found?.value;
}

describe("kubectl with Secrets", () => {
  async function ok(args: string[], options: Parameters<ApiServerKit["kubectl"]>[1] = {}): Promise<string> {
    const { code, stdout, stderr } = await kit.kubectl(args, options);
    seen += stdout + stderr;
    expect(code, stderr).toBe(0);
    return stdout;
  }
  const yaml = (value: string): string =>
    `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\nstringData: {key: ${value}}\n`;

  it("creates, applies, reads, labels, edits, replaces and deletes without showing a value", async () => {
    await ok(["create", "secret", "generic", name, `--from-literal=key=${VALUE}`]);
    expect(await held()).toBe(VALUE);
    expect(await ok(["get", "secret", name])).toMatch(/NAME +TYPE +DATA +AGE\nsecret-\d+ +Opaque +1 /);
    await ok(["get", "secret", name, "-o", "yaml"]);
    expect(await ok(["get", "secret", name, "-o", "jsonpath={.data.key}"])).toBe("");
    expect(await ok(["describe", "secret", name])).toContain("key:  0 bytes");
    await ok(["annotate", "secret", name, "bot-bottle.dev/hosts=api.example.com"]);
    await ok(["label", "secret", name, "a=b"]);
    await ok(["edit", "secret", name], { env: { EDITOR: "sed -i s/api.example.com/other.example.com/" } });
    expect(await held()).toBe(VALUE);
    await ok(["apply", "-f", "-"], { stdin: yaml(OTHER) });
    expect(await held()).toBe(OTHER);
    await ok(["patch", "secret", name, "-p", JSON.stringify({ stringData: { key: VALUE } })]);
    expect(await held()).toBe(VALUE);
    await ok(["apply", "-f", "-"], { stdin: yaml(OTHER) });
    await ok(["replace", "-f", "-"], { stdin: yaml(VALUE) });
    expect(await held()).toBe(VALUE);
    const facts = await kit.vault.facts({ namespace: "default", name }, AbortSignal.timeout(5_000));
    expect(facts?.hosts).toEqual([]);
    await ok(["delete", "secret", name]);
    expectNoValue();
  });

  it("is not lost in silence in a misspelt field: kubectl is told", async () => {
    const stdin = `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\nstringdata: {key: ${VALUE}}\n`;
    const { code, stderr } = await kit.kubectl(["apply", "-f", "-"], { stdin });
    seen += stderr;
    expect(code).toBe(1);
    expect(stderr).toMatch(/unknown field "stringdata".*did you mean "stringData"/);
    expectNoValue();
  });
});
