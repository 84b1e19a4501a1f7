import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aDockerBb, makeReady, type DockerBb } from "./docker-kit.ts";

let machine: DockerBb;
beforeAll(() => {
  machine = aDockerBb();
});
afterAll(() => machine.end());

const network = (): string =>
  `bb-${readFileSync(join(machine.bb.stateDir, "instance"), "utf8").trim()}-uplink`;
const networks = async (): Promise<string> =>
  (await machine.docker("network", "ls", "--format", "{{.Name}}")).stdout;

describe("bb cleanup", () => {
  it("touches nothing of a bottle that is there, and after the last one takes its network too", async () => {
    await makeReady(machine, "b");
    const before = await machine.containers();
    expect((await machine.bb(["cleanup", "--yes"])).stdout).toBe("");
    expect(await machine.containers()).toEqual(before);

    expect(await machine.bb(["delete", "bottle", "b"])).toMatchObject({ code: 0 });
    expect((await machine.bb(["cleanup", "--dry-run"])).stdout).toContain(
      `network ${network()}, which no bottle`,
    );
    expect(await networks()).toContain(network());
    expect(await machine.bb(["cleanup", "--yes"])).toMatchObject({ code: 0 });
    expect(await networks()).not.toContain(network());
    expect((await machine.bb(["cleanup"])).stderr).toContain("nothing is left over");

    await makeReady(machine, "again");
    expect(await networks()).toContain(network());
  });
});
