import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aBb, type Bb } from "./cli-kit.ts";
import { startSshd, type Sshd } from "./git-sshd.ts";

let bb: Bb;
let folder: string;
let sshd: Sshd;
beforeAll(async () => {
  bb = aBb();
  folder = mkdtempSync(join(tmpdir(), "bb-known-"));
  mkdirSync(join(folder, "ssh"));
  sshd = await startSshd(join(folder, "ssh"));
});
afterAll(async () => {
  await sshd.stop();
  await bb.end();
  rmSync(folder, { recursive: true });
});

/** Something on loopback that is no ssh server. */
async function aServer(answer: string | undefined): Promise<Server & { readonly port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    if (answer !== undefined) socket.end(answer);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

describe("bb git known-host", () => {
  it("prints the line that pins the host, and what to compare it with", async () => {
    const { code, stdout, stderr } = await bb(["git", "known-host", `127.0.0.1:${sshd.port}`]);
    expect([code, stdout]).toEqual([0, `${sshd.knownHost}\n`]);
    const shown = execFileSync("ssh-keygen", ["-lf", join(folder, "ssh", "host-key.pub")], {
      encoding: "utf8",
    });
    expect(stderr).toContain(`fingerprint: ${shown.split(" ")[1]} (ssh-ed25519)`);
    expect(stderr).toContain("compare it with what the host's owner publishes");
    expect(stderr).toContain(`knownHost: "${sshd.knownHost}"`);
  });

  it("starts no control plane and logs in nowhere", async () => {
    expect((await bb(["status"])).code).toBe(1);
    expect(sshd.logins()).toBe(0);
  });

  it("says which type of key a host lacks", async () => {
    const { code, stdout, stderr } = await bb([
      ...["git", "known-host", `localhost:${sshd.port}`, "--type", "rsa"],
    ]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^error: no host key of localhost:\d+: it has no host key of type rsa$/m);
    expect(stderr).toMatch(/^next: without --type/m);
  });

  it("says that nothing listens, that nothing answers, or that something else does", async () => {
    const [silent, other] = [await aServer(undefined), await aServer("HTTP/1.1 400 Bad Request\r\n\r\n")];
    const gone = await aServer(undefined);
    gone.close();
    await once(gone, "close");
    const ask = (port: number) => bb(["git", "known-host", `127.0.0.1:${port}`, "--timeout", "1s"]);
    const [ofGone, ofSilent, ofOther] = await Promise.all([
      ask(gone.port),
      ask(silent.port),
      ask(other.port),
    ]);
    silent.close();
    other.close();
    expect(ofGone).toMatchObject({ code: 1, stdout: "" });
    expect(ofGone.stderr).toContain("nothing listens there");
    expect(ofSilent).toMatchObject({ code: 1, stdout: "" });
    expect(ofSilent.stderr).toContain("no key came within 1 s");
    expect(ofOther).toMatchObject({ code: 1, stdout: "" });
    expect(ofOther.stderr).toContain("what answers there is no ssh server");
  });

  it.each([
    "git@github.com",
    "github.com:me/app.git",
    "ssh://github.com",
    "-oProxyCommand=x",
    "h:0",
    "[x]:22",
    "",
  ])("refuses %j", async (host) => {
    const { code, stdout } = await bb(["git", "known-host", "--", host]);
    expect([code, stdout]).toEqual([2, ""]);
  });
});

describe("bb git status", () => {
  it("says that a bottle has no remotes, and that there is no such bottle", async () => {
    const input =
      "apiVersion: bot-bottle.dev/v1alpha1\nkind: Bottle\nmetadata: { name: plain }\n" +
      "spec: { provider: { name: none, image: x } }\n";
    expect(await bb(["apply", "-f", "-"], { input })).toMatchObject({ code: 0 });
    expect(await bb(["git", "status", "plain"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "bottle plain has no remotes\n",
    });
    const { stdout } = await bb(["git", "status", "bottle/plain", "-o", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ bottle: "plain", namespace: "default", remotes: [] });
    expect(await bb(["git", "status", "nobody"])).toMatchObject({ code: 1, stdout: "" });
  });
});

describe("bb logs --git", () => {
  const record = (sequence: number, more: object): string =>
    JSON.stringify({
      ...{ time: `2026-01-01T00:00:0${sequence}.000Z`, sequence, run: "r", because: "as told" },
      ...{ gate: "git", method: "push", route: "app", refs: ["refs/heads/work"], ...more },
    });
  const lines = [
    record(1, { verdict: "allow", code: "Fetched", method: "fetch", refs: [] }),
    record(2, { gate: "egress", verdict: "deny", code: "HostNotAllowed" }),
    record(3, { verdict: "deny", code: "PushRefused", because: "aws-access-key: a.txt" }),
    record(4, { verdict: "allow", code: "Pushed" }),
  ];
  beforeAll(() => {
    mkdirSync(join(bb.stateDir, "audit"), { recursive: true });
    writeFileSync(join(bb.stateDir, "audit", "default_gone.ndjson"), `${lines.join("\n")}\n`);
  });

  it("shows fetches and pushes for people, of a bottle that is gone, too", async () => {
    expect(await bb(["logs", "gone", "--git"])).toEqual({
      code: 0,
      stdout:
        "2026-01-01T00:00:01Z allow fetch app  Fetched: as told\n" +
        "2026-01-01T00:00:03Z deny  push  app  refs/heads/work  PushRefused: aws-access-key: a.txt\n" +
        "2026-01-01T00:00:04Z allow push  app  refs/heads/work  Pushed: as told\n",
      stderr: "",
    });
  });

  it("gives programs the audit's own lines, the last ones of git if wanted", async () => {
    const { stdout } = await bb(["logs", "gone", "--git", "-o", "json", "--tail", "2"]);
    expect(stdout).toBe(`${lines.slice(2).join("\n")}\n`);
  });

  it("follows, until its time is over", async () => {
    const { stdout } = await bb(["logs", "gone", "--git", "-f", "--tail", "1", "--timeout", "1s"]);
    expect(stdout.split("\n")[0]).toContain("Pushed");
  });

  it("has a form for git alone", async () => {
    expect(await bb(["logs", "gone", "-o", "json"])).toMatchObject({ code: 2, stdout: "" });
    expect(await bb(["logs", "gone", "--audit", "-o", "json"])).toMatchObject({ code: 2, stdout: "" });
    expect(await bb(["logs", "gone", "--audit", "--git"])).toMatchObject({ code: 2, stdout: "" });
  });
});
