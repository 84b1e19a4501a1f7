import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { aBb, type Bb } from "./cli-kit.ts";

const BOTTLE = `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata: { name: b }
spec:
  provider: { name: none, image: x }
  egress:
    routes:
      - host: api.example.com
        auth: { secretRef: { name: short, key: token } }
`;

let bb: Bb;
let folder: string;
beforeAll(() => {
  bb = aBb();
  folder = mkdtempSync(join(tmpdir(), "bb-secrets-"));
});
afterAll(async () => {
  await bb.end();
  rmSync(folder, { recursive: true, force: true });
});

const feedsFile = (): string => join(bb.environment["BB_CONFIG_DIR"] ?? "", "secrets.yaml");
const feeds = (): object[] => (parse(readFileSync(feedsFile(), "utf8")) as { feeds: object[] }).feeds;
const set = (...more: string[]) => bb(["secret", "set", "short", "--key", "token", ...more]);

async function secretsAvailable(): Promise<object | undefined> {
  const { stdout } = await bb(["get", "bottle", "b", "-o", "json"]);
  const { status } = JSON.parse(stdout) as { status?: { conditions?: { type: string }[] } };
  return status?.conditions?.find(({ type }) => type === "SecretsAvailable");
}

describe("bb secret set with a time to live", { timeout: 120_000 }, () => {
  it("has the command run again before the time is over, and says when nothing came of that", async () => {
    const [runs, broken] = [join(folder, "runs"), join(folder, "broken")];
    const command = `test ! -e ${broken} && echo run >> ${runs} && echo value-$(wc -l < ${runs})`;
    const host = ["--host", "api.example.com"];
    expect(await set(...host, "--from-command", command, "--ttl", "4s")).toMatchObject({ code: 0 });
    await bb(["apply", "-f", "-"], { input: BOTTLE });
    expect(await bb(["wait", "bottle/b", "--timeout", "20s"])).toMatchObject({ code: 0 });
    const count = (): number => readFileSync(runs, "utf8").split("\n").length - 1;
    await expect.poll(count, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    await expect
      .poll(secretsAvailable, { timeout: 20_000, interval: 1000 })
      .toMatchObject({ status: "True" });
    writeFileSync(broken, "");
    await expect
      .poll(secretsAvailable, { timeout: 20_000, interval: 1000 })
      .toMatchObject({ status: "False", reason: "SecretExpired" });
    expect(JSON.stringify(await secretsAvailable())).toContain("exited with code 1");
    expect((await bb(["secret", "list"])).stdout).toContain("token (command, good for 4s)");
    rmSync(broken);
    expect(await set("--from-command", command, "--ttl", "1h")).toMatchObject({ code: 0 });
    await expect
      .poll(secretsAvailable, { timeout: 20_000, interval: 1000 })
      .toMatchObject({ status: "True" });
  });
});

describe("bb secret set with a refresh token", () => {
  const oauth = ["--oauth-token-url", "https://127.0.0.1:1/token", "--oauth-client-id", "client-1"];

  it("notes where access tokens come from, 0600, and hands the refresh token to nobody", async () => {
    const file = join(folder, "refresh");
    writeFileSync(file, "refresh-token-1", { mode: 0o600 });
    expect(await set("--from-file", file, ...oauth)).toMatchObject({ code: 0 });
    expect(feeds()).toContainEqual({
      ...{ namespace: "default", name: "short", key: "token", file },
      oauth: { tokenUrl: "https://127.0.0.1:1/token", clientId: "client-1" },
    });
    expect(statSync(feedsFile()).mode & 0o777).toBe(0o600);
    expect(readFileSync(feedsFile(), "utf8")).not.toContain("refresh-token-1");
    expect((await bb(["secret", "list"])).stdout).toContain(`OAuth at 127.0.0.1:1 with file ${file}`);
    // what was written before is not used any more
    await expect
      .poll(secretsAvailable, { timeout: 20_000, interval: 1000 })
      .toMatchObject({ status: "False", reason: "SecretValueMissing" });
    const condition = JSON.stringify(await secretsAvailable());
    expect(condition).toContain("the token endpoint 127.0.0.1:1 cannot be asked: ECONNREFUSED");
  });

  it.each([
    [["--ttl", "30m"], "--ttl needs something to ask again"],
    [oauth, "--oauth-token-url needs something to ask again"],
    [["--from-command", "x", "--ttl", "soon"], "the option for ttl: must be a time such as 30m"],
    [["--from-file", "x", ...oauth.slice(0, 2)], "needs both --oauth-token-url and --oauth-client-id"],
    [
      ["--from-file", "x", "--oauth-token-url", "http://a/", "--oauth-client-id", "c"],
      "the option for oauth.tokenUrl: must begin with https://",
    ],
  ])("changes nothing with %j", async (options, complaint) => {
    const before = existsSync(feedsFile()) ? feeds() : [];
    const ran = await set(...options);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(complaint);
    expect(existsSync(feedsFile()) ? feeds() : []).toEqual(before);
  });
});
