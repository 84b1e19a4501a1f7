import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileEgress } from "../../sidecars/wire/compile-egress.ts";
import type { PolicyRoute } from "../../sidecars/wire/egress-policy.ts";
import { docker } from "../contract/docker-machine.ts";
import { EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle } from "./escape-bottle.ts";
import { startHostService } from "./host-service.ts";
import type { HostService } from "./host-service.ts";

/**
 * Tricks on the one way out, played on the real proxy through the real link. The service that they aim at listens on
 * every address of the host, where the sidecars could reach it: only the proxy's policy and address guard stand between.
 */

const lab = new EscapeLab();
let bottle: EscapeBottle;
let service: HostService;
let gateway: string;

beforeAll(async () => {
  await lab.begin();
  service = await startHostService();
  bottle = await lab.startBottle();
  const { IPAM } = await docker.getNetwork(lab.uplink).inspect();
  gateway = IPAM?.Config?.[0]?.["Gateway"] ?? "";
  await allow(
    aRoute({ host: "allowed.example", upstream: { address: gateway }, allowPrivate: [`${gateway}/32`] }),
    // A name for the same service that may not lead to a private address.
    aRoute({ host: "guarded.example", upstream: { address: gateway } }),
    aRoute({ host: "loopback.example", upstream: { address: "127.0.0.1" } }),
    aRoute({ host: "metadata.example", upstream: { address: "169.254.169.254" } }),
  );
}, 900_000);
afterAll(async () => {
  await service.close();
  await lab.end();
});

const aRoute = (fields: Partial<PolicyRoute> & { readonly host: string }): PolicyRoute => ({
  name: fields.host,
  ports: [service.port],
  methods: ["GET", "POST"],
  paths: ["/"],
  auth: { mode: "strip" },
  scan: "full",
  allowPrivate: [],
  maxBodyBytes: 1024 * 1024,
  budget: {},
  serverTools: "deny",
  resolver: [],
  ...fields,
});

async function allow(...routes: readonly PolicyRoute[]): Promise<void> {
  await bottle.configure({ policyHash: "tricks", egress: { ...compileEgress({}), routes: [...routes] } });
}

/** what the proxy answers to bytes of the agent on port 9099 */
async function say(...requests: readonly string[]): Promise<string[]> {
  return (await bottle.attack(
    "speak",
    requests.map((request) => [9099, request]),
  )) as string[];
}
/** refused by the proxy itself: malformed, or denied with a reason; never the failure of an attempt */
const DENIED = /^HTTP\/1\.1 (400 |[45]\d\d [^]*\r\nx-bot-bottle-denied: )/;

const connect = (authority: string, host = authority): string =>
  `CONNECT ${authority} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const absolute = (url: string, host: string): string =>
  `GET ${url} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

describe("the way out", () => {
  it("is open for what is allowed", async () => {
    const host = `allowed.example:${service.port}`;
    const [answer] = await say(absolute(`http://${host}/`, host));

    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*host\n$/);
    expect(service.heard.splice(0)).not.toEqual([]);
  });

  const forms = [
    ...[
      "127.0.0.1",
      "2130706433",
      "0x7f000001",
      "0177.0.0.1",
      "127.1",
      "0",
      "0.0.0.0",
      "localhost",
      "localhost.",
    ],
    ...["[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "127.0.0.1.nip.io", "169.254.169.254"],
    ...["GATEWAY", "GATEWAY-decimal", "[::ffff:GATEWAY]", "host.docker.internal", "gateway.docker.internal"],
    ...[
      "allowed.example.evil.example",
      "evil.example#allowed.example",
      "allowed.example@GATEWAY",
      "xn--allowed-example",
    ],
  ];
  const spelled = (form: string): string => {
    const decimal = gateway.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    return form.replace("GATEWAY-decimal", String(decimal)).replace("GATEWAY", gateway);
  };

  it.each(forms)("is closed for %s", async (form) => {
    const authority = `${spelled(form)}:${service.port}`;
    const answers = await say(
      connect(authority),
      absolute(`http://${authority}/`, authority),
      `GET / HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`,
    );

    for (const answer of answers) expect(answer).toMatch(DENIED);
    expect(service.heard).toEqual([]);
  });

  it.each(["guarded.example", "loopback.example", "metadata.example"])(
    "is closed for %s, which is allowed and leads to an address that is not",
    async (host) => {
      const authority = `${host}:${service.port}`;
      const [answer] = await say(absolute(`http://${authority}/`, authority));

      expect(answer).toMatch(DENIED);
      expect(service.heard).toEqual([]);
    },
  );

  it("takes the host from the target, and refuses a Host that says another", async () => {
    const [good, bad] = [`allowed.example:${service.port}`, `${gateway}:${service.port}`];
    const answers = await say(
      absolute(`http://${bad}/`, good),
      absolute(`http://user:secret@${bad}/`, good),
      absolute(`http://${good}@${bad}/`, good),
      connect(bad, good),
      `GET http://${bad}/ HTTP/1.1\r\nHost: ${good}\r\nHost: ${bad}\r\nConnection: close\r\n\r\n`,
      `GET http://${bad}/ HTTP/1.1\r\nHost : ${good}\r\nConnection: close\r\n\r\n`,
      `GET\thttp://${bad}/ HTTP/1.1\r\nHost: ${good}\r\n\r\n`,
    );

    for (const answer of answers) expect(answer).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    expect(service.heard).toEqual([]);
  });

  it("does not carry a tunnel to anything but TLS and HTTP of the same host", async () => {
    const good = `allowed.example:${service.port}`;
    const inner = connect(`${gateway}:${service.port}`);
    const answers = await say(
      `${connect(good)}${inner}`,
      `${connect(good)}${absolute(`http://${gateway}:${service.port}/`, good)}`,
      `${connect(good)}SSH-2.0-escape\r\n`,
      `${connect(good)}${"\u0000".repeat(64)}`,
    );

    expect(answers.join("")).not.toContain("host\n");
    expect(service.heard.filter((said) => !said.startsWith("connection from"))).toEqual([]);
    service.heard.length = 0;
  });

  it("does not let one request hide in another", async () => {
    const good = `allowed.example:${service.port}`;
    const hidden = absolute(`http://${gateway}:${service.port}/hidden`, `${gateway}:${service.port}`);
    const head = `POST http://${good}/ HTTP/1.1\r\nHost: ${good}\r\n`;
    const answers = await say(
      `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `${head}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
      `${head}X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `GET http://${good}/\u0000 HTTP/1.1\r\nHost: ${good}\r\n\r\n`,
    );

    expect(answers.join("")).not.toContain("/hidden");
    expect(service.heard.join("")).not.toContain("hidden");
    service.heard.length = 0;
  });

  it("refuses methods that are not allowed, TRACE and upgrades among them", async () => {
    const good = `allowed.example:${service.port}`;
    const answers = await say(
      ...["TRACE", "DELETE", "PUT", "BREW"].map(
        (method) => `${method} http://${good}/ HTTP/1.1\r\nHost: ${good}\r\nConnection: close\r\n\r\n`,
      ),
      `GET http://${good}/ HTTP/1.1\r\nHost: ${good}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    );

    expect(answers.slice(0, 4).every((answer) => /^HTTP\/1\.1 4\d\d /.test(answer))).toBe(true);
    expect(answers.slice(4).join("")).not.toMatch(/ 101 /);
    service.heard.length = 0;
  });

  it("closes when the policy is taken away", async () => {
    const host = `allowed.example:${service.port}`;
    await allow();

    expect((await say(absolute(`http://${host}/`, host)))[0]).toMatch(/^HTTP\/1\.1 403 /);
    await bottle.session.ask({ kind: "wipe" }, AbortSignal.timeout(5_000));
    expect((await say(absolute(`http://${host}/`, host)))[0]).toMatch(/^HTTP\/1\.1 (403|503) /);
    expect(service.heard).toEqual([]);
  });
});
