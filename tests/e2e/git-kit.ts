import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import {
  lookAtUpstream,
  planUpstream,
  type UpstreamState,
  urlOf,
} from "../../controller/cli/demo/upstream/upstream.ts";
import type { Bottle } from "../../crds/bottle.ts";
import {
  type OutsideContainer,
  removeOutside,
  startOutside,
} from "../../local-runtime/docker/outside-container.ts";
import type { Ran } from "../integration/cli-kit.ts";
import { builtImage, CLAUDE, connection } from "../integration/images-support.ts";
import { aDockerBb, type DockerBb, untilReady } from "./docker-kit.ts";

export const BOTTLE = "coder";
interface SecretId {
  readonly name: string;
  readonly key: string;
}
const SECRET: SecretId = { name: "deploy-key", key: "id_ed25519" };

/** A bottle with one remote, and the git server behind it, which is a real sshd in a container of its own. */
export interface GitBottle {
  readonly machine: DockerBb;
  readonly upstream: OutsideContainer;
  readonly url: string;
  readonly privateKey: string;
  readonly knownHost: string;
  /** puts the key that upstream lets in into a Secret, bound to upstream */
  giveKey(secret: SecretId): Promise<void>;
  /** runs a script in the bottle as the agent's user */
  sh(script: string): Promise<Ran>;
  /** the same; throws unless it ends well; what it printed */
  must(script: string): Promise<string>;
  /** runs git in the upstream repository, as somebody else would */
  git(...words: string[]): Promise<string>;
  look(): Promise<UpstreamState>;
  /** applies the bottle with these fields of its remote, and others beside it */
  apply(remote?: object, others?: readonly object[]): Promise<void>;
  /** a condition of the bottle as `STATUS REASON` */
  condition(type: string): Promise<string>;
  end(): Promise<void>;
}

const REPOSITORY = "/home/node/app.git";
const signal = (): AbortSignal => AbortSignal.timeout(60_000);

/** Starts all of it; the bottle is ready when this resolves. */
export async function startGitBottle(): Promise<GitBottle> {
  const machine = aDockerBb();
  const { bb } = machine;
  expect(await bb(["up"])).toMatchObject({ code: 0 });
  const instance = readFileSync(join(bb.stateDir, "instance"), "utf8").trim();
  const plan = planUpstream(await builtImage(CLAUDE));
  const upstream = await startOutside(connection, instance, plan.spec, signal());
  const [url, address] = [urlOf(upstream), `${upstream.address}:${upstream.port}`];
  const knownHost = `[${upstream.address}]:${upstream.port} ${plan.hostKey}`;
  const giveKey = async ({ name, key }: SecretId): Promise<void> => {
    const set = ["secret", "set", name, "--key", key, "--host", address, "--from-env", "DEPLOY_KEY"];
    const given = await bb(set, { environment: { DEPLOY_KEY: plan.privateKey } });
    expect([given.code, given.code === 0 ? "" : given.stderr]).toEqual([0, ""]);
  };
  await giveKey(SECRET);
  const sh = (script: string): Promise<Ran> => bb(["exec", BOTTLE, "--", "bash", "-c", script]);
  const world: GitBottle = {
    machine,
    upstream,
    url,
    privateKey: plan.privateKey,
    knownHost,
    giveKey,
    sh,
    async must(script) {
      const ran = await sh(`set -e; ${script}`);
      expect([ran.code, ran.code === 0 ? "" : `${ran.stdout}${ran.stderr}`]).toEqual([0, ""]);
      return ran.stdout;
    },
    async git(...words) {
      const { output } = await upstream.run(["git", "-C", REPOSITORY, ...words], signal());
      return output.trim();
    },
    look: () => lookAtUpstream(upstream, signal()),
    async apply(remote = {}, others = []) {
      const app = { name: "app", url, identity: { secretRef: SECRET }, knownHost, ...remote };
      const spec = { provider: { name: "claude" }, git: { user: AUTHOR, remotes: [app, ...others] } };
      const bottle = {
        apiVersion: "bot-bottle.dev/v1alpha1",
        kind: "Bottle",
        metadata: { name: BOTTLE },
        spec,
      };
      const applied = await bb(["apply", "-f", "-"], { input: JSON.stringify(bottle) });
      expect([applied.code, applied.code === 0 ? "" : applied.stderr]).toEqual([0, ""]);
    },
    async condition(type) {
      const { stdout } = await bb(["get", "bottle", BOTTLE, "-o", "json"]);
      const found = (JSON.parse(stdout) as Bottle).status?.conditions?.find((each) => each.type === type);
      return `${found?.status} ${found?.reason}`;
    },
    async end() {
      await removeOutside(connection, instance, AbortSignal.timeout(30_000));
      await machine.end();
    },
  };
  await world.apply();
  await untilReady(bb, BOTTLE);
  return world;
}

const AUTHOR = { name: "Coder", email: "coder@example.com" };
