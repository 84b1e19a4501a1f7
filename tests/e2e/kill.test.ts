import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aDockerBb, bottleYaml, makeReady, untilReady, type DockerBb } from "./docker-kit.ts";

const ROLES = ["agent", "airlock", "sidecars"] as const;

let machine: DockerBb;
beforeAll(() => {
  machine = aDockerBb();
});
afterAll(() => machine.end());

const roleOf = (line: string): string => line.split(" ")[0] ?? "";
const idOf = (lines: readonly string[], role: string): string =>
  lines.find((line) => roleOf(line) === role)?.split(" ")[1] ?? "";

/** Comes to one container of each role, all running, a bottle that is ready, and a request that the policy refuses. */
async function expectWhole(name: string): Promise<void> {
  const wanted = ROLES.map((role) => `${role} running`);
  const states = async (): Promise<string[]> =>
    (await machine.containers()).map((line) => line.replace(/ \w+ /, " "));
  await expect.poll(states, { timeout: 60_000, interval: 200 }).toEqual(wanted);
  await untilReady(machine.bb, name);
  expect(await states()).toEqual(wanted);
  const { stdout } = await machine.bb([
    ...["exec", name, "--", "curl", "--silent", "--max-time", "10", "--output", "/dev/null"],
    ...["--write-out", "%{http_connect}", "https://not-allowed.example/"],
  ]);
  expect(stdout).toBe("403");
}

describe("kill -9 at rest", () => {
  beforeAll(async () => {
    await makeReady(machine, "rest");
    const write = "echo hours of work > notes";
    expect(await machine.bb(["exec", "rest", "--", "sh", "-c", write])).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    expect(await machine.bb(["delete", "bottle", "rest"])).toMatchObject({ code: 0 });
    expect(await machine.containers()).toEqual([]);
  });

  it("of the controller leaves the bottle running as it is, and the next command finds it", async () => {
    const before = await machine.containers();
    process.kill(await machine.controller(), "SIGKILL");
    await pause(500);
    expect(await machine.containers()).toEqual(before);
    await untilReady(machine.bb, "rest");
    expect(await machine.containers()).toEqual(before);
    await expectWhole("rest");
  });

  it.each(ROLES)("of the %s: the bottle comes back whole, with its workspace", async (role) => {
    const before = await machine.containers();
    expect(await machine.docker("kill", "--signal", "KILL", idOf(before, role))).toMatchObject({ code: 0 });
    await expectWhole("rest");
    expect((await machine.bb(["exec", "rest", "--", "cat", "/home/node/workspace/notes"])).stdout).toBe(
      "hours of work\n",
    );
  });

  it("of everything at once: the same", async () => {
    const before = await machine.containers();
    process.kill(await machine.controller(), "SIGKILL");
    await machine.docker("kill", "--signal", "KILL", ...ROLES.map((role) => idOf(before, role)));
    expect(await machine.bb(["get", "bottles"])).toMatchObject({ code: 0 });
    await expectWhole("rest");
    expect((await machine.bb(["exec", "rest", "--", "cat", "/home/node/workspace/notes"])).stdout).toBe(
      "hours of work\n",
    );
  });
});

describe("kill -9 in the middle of a start", () => {
  it.each([0, 150, 400, 800, 1500])("of the controller, %i ms after apply", async (ms) => {
    const name = `mid-${ms}`;
    await machine.bb(["up"]);
    const controller = await machine.controller();
    expect(await machine.bb(["apply", "-f", "-"], { input: bottleYaml(name) })).toMatchObject({ code: 0 });
    await pause(ms);
    process.kill(controller, "SIGKILL");
    expect(await machine.bb(["get", "bottles"])).toMatchObject({ code: 0 });
    await expectWhole(name);
    expect(await machine.bb(["delete", "bottle", name])).toMatchObject({ code: 0 });
    expect(await machine.containers()).toEqual([]);
  });

  it.each(ROLES)("of the %s, as soon as it is there", async (role) => {
    const name = `mid-${role}`;
    expect(await machine.bb(["apply", "-f", "-"], { input: bottleYaml(name) })).toMatchObject({ code: 0 });
    for (let round = 0; round < 200; round++) {
      const id = idOf(await machine.containers(), role);
      if (id !== "" && (await machine.docker("kill", "--signal", "KILL", id)).code === 0) break;
      await pause(20);
    }
    await expectWhole(name);
    expect(await machine.bb(["delete", "bottle", name])).toMatchObject({ code: 0 });
    expect(await machine.containers()).toEqual([]);
  });
});
