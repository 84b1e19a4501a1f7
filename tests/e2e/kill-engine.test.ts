import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../integration/cli-kit.ts";
import { aDockerBb, bottleYaml, makeReady, untilReady, type DockerBb } from "./docker-kit.ts";
import { copyImages, startPrivateEngine, type PrivateEngine } from "./private-engine.ts";

/** Has no CLI and is a tenth of the others: what is killed here is the engine. */
const PROVIDER = (image: string) => `{ name: none, image: "${image}" }`;

let engine: PrivateEngine;
let machine: DockerBb;
let base: string;
beforeAll(async () => {
  const { stdout } = await run(["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"]);
  const images = stdout.split("\n").filter((name) => /^bot-bottle\/(base|airlock|sidecars):/.test(name));
  base = images.find((name) => name.startsWith("bot-bottle/base:")) ?? "";
  engine = await startPrivateEngine();
  await copyImages(engine, images);
  machine = aDockerBb(engine.socket);
});
afterAll(async () => {
  await machine.end();
  await engine.end();
});

const conditionOf = async (type: string): Promise<string> => {
  const path = `{.status.conditions[?(@.type=="${type}")].status}`;
  const kubeconfig = (await machine.bb(["kubeconfig", "--path"])).stdout.trim();
  const words = ["kubectl", "--kubeconfig", kubeconfig, "get", "bottle", "b", "-o", `jsonpath=${path}`];
  return (await run(words)).stdout;
};

/** Of the certificates that the agent trusts, the bottle's CA among them. */
const fingerprintOfTrust = async (): Promise<string> => {
  const words = ["sh", "-c", 'grep -q CERTIFICATE "$SSL_CERT_FILE" && sha256sum "$SSL_CERT_FILE"'];
  const ran = await machine.bb(["exec", "b", "--", ...words]);
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{64} /) as string });
  return ran.stdout;
};

describe("kill -9 of Docker", () => {
  it("at rest: the bottle is rightly not ready, and comes back with its workspace and its CA", async () => {
    await makeReady(machine, "b", PROVIDER(base));
    const trusted = await fingerprintOfTrust();
    await machine.bb(["exec", "b", "--", "sh", "-c", "echo hours of work > /home/node/notes"]);
    await engine.kill();
    await expect.poll(() => conditionOf("RuntimeHealthy"), { timeout: 60_000 }).toBe("False");
    expect(await conditionOf("Ready")).not.toBe("True");
    expect(await machine.bb(["exec", "b", "--", "true"])).toMatchObject({ code: 1 });
    await engine.start();
    await expect.poll(() => conditionOf("RuntimeHealthy"), { timeout: 60_000 }).toBe("True");
    await untilReady(machine.bb, "b");
    expect((await machine.bb(["exec", "b", "--", "cat", "/home/node/notes"])).stdout).toBe("hours of work\n");
    expect(await fingerprintOfTrust()).toBe(trusted);
    expect(await machine.containers()).toHaveLength(3);
  });

  it.each([100, 1000])("in the middle of a start, %i ms after apply: nothing is orphaned", async (ms) => {
    await machine.bb(["delete", "bottle", "b", "--ignore-not-found"]);
    await machine.bb(["apply", "-f", "-"], { input: bottleYaml("b", PROVIDER(base)) });
    await pause(ms);
    await engine.kill();
    await engine.start();
    await untilReady(machine.bb, "b");
    expect((await machine.containers()).map((line) => line.replace(/ \w+ /, " "))).toEqual([
      "agent running",
      "airlock running",
      "sidecars running",
    ]);
    expect(await machine.bb(["delete", "bottle", "b"])).toMatchObject({ code: 0 });
    expect(await machine.containers()).toEqual([]);
  });
});
