import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { aBb, run, type Bb, type Ran } from "../integration/cli-kit.ts";

/** A `bb` on a Docker engine, and that engine seen from beside it. */
export interface DockerBb {
  readonly bb: Bb;
  readonly docker: (...words: string[]) => Promise<Ran>;
  /** `role id state` of this instance's containers, sorted */
  containers(): Promise<string[]>;
  /** process of the control plane */
  controller(): Promise<number>;
  /** removes everything of the instance and asserts that nothing is left on the engine */
  end(): Promise<void>;
}

/** The engine that `DOCKER_HOST` names, or the one on `socket`. */
export function aDockerBb(socket?: string): DockerBb {
  const host: Record<string, string> = socket === undefined ? {} : { DOCKER_HOST: `unix://${socket}` };
  const bb = aBb({ BB_RUNTIME: "docker", ...host });
  const docker = (...words: string[]): Promise<Ran> => run(["docker", ...words], { environment: host });
  const instance = (): string => readFileSync(join(bb.stateDir, "instance"), "utf8").trim();
  const containers = async (): Promise<string[]> => {
    const format = '{{.Label "bot-bottle.dev/role"}} {{.ID}} {{.State}}';
    const filter = `label=bot-bottle.dev/instance=${instance()}`;
    const { stdout } = await docker("ps", "--all", "--no-trunc", "--filter", filter, "--format", format);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .toSorted();
  };
  return {
    bb,
    docker,
    containers,
    async controller() {
      const { stdout } = await bb(["status", "-o", "json"]);
      return (JSON.parse(stdout) as { process: number }).process;
    },
    async end() {
      const removed = await bb(["cleanup", "--all", "--yes"]);
      const filter = `label=bot-bottle.dev/instance=${instance()}`;
      const left = await Promise.all([
        docker("ps", "--all", "--quiet", "--filter", filter),
        docker("volume", "ls", "--quiet", "--filter", filter),
        docker("network", "ls", "--quiet", "--filter", filter),
      ]);
      await bb.end();
      expect([removed.code, removed.code === 0 ? "" : removed.stderr]).toEqual([0, ""]);
      expect(left.map(({ stdout }) => stdout)).toEqual(["", "", ""]);
    },
  };
}

/** A Bottle with a provider, as YAML. */
export function bottleYaml(name: string, provider = "{ name: claude }"): string {
  return `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata: { name: ${name} }
spec: { provider: ${provider} }
`;
}

/** Makes a bottle and waits until it is ready. */
export async function makeReady({ bb }: DockerBb, name: string, provider?: string): Promise<void> {
  expect(await bb(["apply", "-f", "-"], { input: bottleYaml(name, provider) })).toMatchObject({ code: 0 });
  await untilReady(bb, name);
}

/** Waits until a bottle is ready. */
export async function untilReady(bb: Bb, name: string): Promise<void> {
  const ran = await bb(["wait", `bottle/${name}`, "--timeout", "90s"]);
  expect([ran.code, ran.code === 0 ? "" : ran.stderr]).toEqual([0, ""]);
}
