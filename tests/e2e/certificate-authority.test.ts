import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attackArgv } from "../escape/escape-bottle.ts";
import { aDockerBb, untilReady, type DockerBb } from "./docker-kit.ts";

/** A name that leads nowhere (RFC 6761): the proxy opens TLS for it, and says so with 502. */
const BOTTLE = `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata: { name: b }
spec:
  provider: { name: claude }
  egress: { routes: [{ host: trusted.invalid }] }
`;

/** Loads its trust once, as agents do, and asks the proxy whenever it is told to. */
const ASKER = `
import http.client, os, ssl
context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
os.mkfifo("/tmp/ask"); os.mkfifo("/tmp/told")
while True:
    open("/tmp/ask").read()
    try:
        connection = http.client.HTTPSConnection("egress", 9099, context=context, timeout=10)
        connection.set_tunnel("trusted.invalid")
        connection.request("GET", "/")
        told = str(connection.getresponse().status)
    except Exception as error:
        told = repr(error)
    open("/tmp/told", "w").write(told)
`;

let machine: DockerBb;
beforeAll(async () => {
  machine = aDockerBb();
  expect(await machine.bb(["apply", "-f", "-"], { input: BOTTLE })).toMatchObject({ code: 0 });
  await untilReady(machine.bb, "b");
}, 900_000);
afterAll(() => machine.end());

const inAgent = async (...argv: string[]): Promise<string> => {
  const ran = await machine.bb(["exec", "b", "--", ...argv]);
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
  return ran.stdout;
};

/** The file that holds certificate and key of the bottle's CA. */
function authorityFile(): string {
  const folder = join(machine.bb.stateDir, "ca");
  const [only, ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  return join(folder, only!);
}

const idOf = async (role: string): Promise<string> =>
  (await machine.containers()).find((line) => line.startsWith(`${role} `))!.split(" ")[1]!;

const asked = (): Promise<string> => inAgent("sh", "-c", "echo > /tmp/ask; timeout 20 cat /tmp/told");

describe("the CA of a bottle", () => {
  it("is trusted by an agent that was at work before sidecars and controller were killed", async () => {
    const before = readFileSync(authorityFile(), "utf8");
    await inAgent(
      "sh",
      "-c",
      `python3 -c '${ASKER}' >/tmp/asker.log 2>&1 & until [ -p /tmp/told ]; do sleep 0.1; done`,
    );
    expect(await asked()).toBe("502");

    await machine.docker("kill", "--signal", "KILL", await idOf("sidecars"));
    await untilReadyAgain();
    expect(await asked()).toBe("502");

    process.kill(await machine.controller(), "SIGKILL");
    await machine.docker("kill", "--signal", "KILL", await idOf("sidecars"));
    // starts the control plane
    expect(await machine.bb(["get", "bottles"])).toMatchObject({ code: 0 });
    await untilReadyAgain();
    expect(await asked()).toBe("502");
    expect(readFileSync(authorityFile(), "utf8")).toBe(before);
  });

  it("stays the same through suspend and resume, and the resumed agent trusts it", async () => {
    const before = readFileSync(authorityFile(), "utf8");
    expect(await machine.bb(["stop", "b"])).toMatchObject({ code: 0 });
    expect(await machine.bb(["resume", "b"])).toMatchObject({ code: 0 });
    await untilReady(machine.bb, "b");
    expect(readFileSync(authorityFile(), "utf8")).toBe(before);
    const status = ["-o", "/dev/null", "--silent", "--write-out", "%{http_code}", "https://trusted.invalid/"];
    expect(await inAgent("curl", ...status)).toBe("502");
  });
});

describe("the key of the CA", () => {
  it("lies in a file of its owner's alone, and nowhere the agent, the engine or a log shows it", async () => {
    const file = authorityFile();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, "utf8");
    const [, second = ""] = text.slice(text.indexOf("PRIVATE KEY")).split("\n").slice(1);
    // beyond what all P-256 keys have in common
    const piece = second.slice(0, 32);
    expect(piece).toHaveLength(32);

    const search = JSON.parse(await inAgent(...attackArgv("search", piece.slice(0, 16), piece.slice(16))));
    expect(search.found).toEqual([]);
    expect(search.files).toBeGreaterThan(1_000);

    const told = await Promise.all(
      ["agent", "airlock", "sidecars"].map(async (role) => {
        const id = await idOf(role);
        const container = (await machine.docker("inspect", id)).stdout;
        const image = (JSON.parse(container) as { Image: string }[])[0]!.Image;
        const { stdout, stderr } = await machine.docker("logs", id);
        return [container, stdout, stderr, (await machine.docker("inspect", image)).stdout].join("\n");
      }),
    );
    const controlPlane = readFileSync(join(machine.bb.stateDir, "control-plane.log"), "utf8");
    const audit = (await machine.bb(["logs", "b", "--audit"])).stdout;
    const everything = [...told, controlPlane, audit].join("\n");
    expect(everything).toContain("PolicyInForce");
    expect(everything).not.toContain(piece);
  });
});

/** Ready again after a kill: first it is seen that something is gone, then that all is there. */
async function untilReadyAgain(): Promise<void> {
  const states = async (): Promise<string[]> =>
    (await machine.containers()).map((line) => line.replace(/ \w+ /, " "));
  await expect
    .poll(states, { timeout: 60_000, interval: 200 })
    .toEqual(["agent running", "airlock running", "sidecars running"]);
  await pause(200);
  await untilReady(machine.bb, "b");
}
