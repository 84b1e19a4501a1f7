/**
 * `npm run bench:start [-- ROUNDS]`: how long a bottle takes to start, beside a script that asks the engine for the
 * same and nothing else, in the same run; and what else a person waits for. Needs Docker; images are built first.
 */
import { readFileSync } from "node:fs";
import { ApiClient } from "../../controller/cli/api/api-client.ts";
import { pathOf, resolveResource, type Resource } from "../../controller/cli/api/discovery.ts";
import { conditionOf, type KubeObject } from "../../controller/cli/api/objects.ts";
import { until, untilDeleted } from "../../controller/cli/until.ts";
import type { Connection } from "../../controller/state-folder.ts";
import { aDockerBb } from "../e2e/docker-kit.ts";
import { bareStart, type BottleImages } from "./bare-start.ts";
import { untilAllowed } from "./first-allowed.ts";
import { quantile, quantileLine, timed } from "./quantiles.ts";

const ROUNDS = Number(process.argv[2] ?? 20);
const MANY = 10;
const NAMESPACE = "default";
/** Ctrl-C ends the waiting, and what was made is removed. */
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(60 * 60_000)]);

const machine = aDockerBb();
const { bb, docker } = machine;

interface Product {
  readonly client: ApiClient;
  readonly bottles: Resource;
}

const is = (bottle: KubeObject | undefined, type: string): boolean => {
  const condition = bottle === undefined ? undefined : conditionOf(bottle, type);
  return (
    condition?.status === "True" && (condition.observedGeneration ?? 0) >= (bottle?.metadata.generation ?? 0)
  );
};
const untilTrue = ({ client, bottles }: Product, name: string, type: string): Promise<void> =>
  until(client, { resource: bottles, namespace: NAMESPACE, name }, (bottle) => is(bottle, type), signal);

async function create({ client, bottles }: Product, name: string): Promise<void> {
  const body = {
    apiVersion: "bot-bottle.dev/v1alpha1",
    kind: "Bottle",
    metadata: { name },
    spec: { provider: { name: "claude" } },
  };
  await client.call(pathOf(bottles, { namespace: NAMESPACE }), { method: "POST", body }, signal);
}

async function patch({ client, bottles }: Product, name: string, spec: object): Promise<void> {
  const contentType = "application/merge-patch+json";
  const path = pathOf(bottles, { namespace: NAMESPACE, name });
  await client.call(path, { method: "PATCH", contentType, body: { spec } }, signal);
}

async function remove({ client, bottles }: Product, name: string): Promise<void> {
  await client.call(pathOf(bottles, { namespace: NAMESPACE, name }), { method: "DELETE" }, signal);
  await untilDeleted(client, { resource: bottles, namespace: NAMESPACE, name }, signal);
}

/** Resident memory of a process and all below it, in MB. */
function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const own = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children
    .split(" ")
    .reduce((sum, child) => sum + (child === "" ? 0 : residentMegabytes(Number(child))), own);
}

async function imagesOf(lines: readonly string[]): Promise<BottleImages> {
  const of = async (role: string): Promise<string> => {
    const id = lines.find((line) => line.startsWith(role))?.split(" ")[1] ?? "";
    return (await docker("inspect", "--format", "{{.Image}}", id)).stdout.trim();
  };
  return { airlock: await of("airlock"), sidecars: await of("sidecars"), agent: await of("agent") };
}

async function megabytesOf(lines: readonly string[], roles: readonly string[]): Promise<number> {
  const ids = lines
    .filter((line) => roles.some((role) => line.startsWith(role)))
    .map((line) => line.split(" ")[1] ?? "");
  const { stdout } = await docker("inspect", "--format", "{{.State.Pid}}", ...ids);
  return stdout
    .trim()
    .split("\n")
    .reduce((sum, pid) => sum + residentMegabytes(Number(pid)), 0);
}

const took: Record<
  "bare" | "start" | "policy" | "judged" | "suspend" | "resume" | "gone" | "list",
  number[]
> = {
  ...{ bare: [], start: [], policy: [], judged: [], suspend: [], resume: [], gone: [], list: [] },
};

async function round(product: Product, images: BottleImages, index: number): Promise<void> {
  const name = `bench-${index}`;
  let bare: { remove(): Promise<void> } | undefined;
  took.bare.push(await timed(async () => (bare = await bareStart(images))));
  await bare?.remove();
  took.start.push(
    await timed(async () => {
      await create(product, name);
      await untilTrue(product, name, "Ready");
    }),
  );
  took.policy.push(
    await timed(async () => {
      await patch(product, name, { egress: { routes: [{ host: `h${index}.example` }] } });
      await untilTrue(product, name, "EgressEnforced");
    }),
  );
  const agent = (await machine.containers()).find((line) => line.startsWith("agent"))?.split(" ")[1] ?? "";
  const host = `next${index}.example`;
  took.judged.push(
    await untilAllowed(agent, host, () => patch(product, name, { egress: { routes: [{ host }] } })),
  );
  took.suspend.push(
    await timed(async () => {
      await patch(product, name, { operatingMode: "Suspended" });
      await untilTrue(product, name, "Suspended");
    }),
  );
  took.resume.push(
    await timed(async () => {
      await patch(product, name, { operatingMode: "Running" });
      await untilTrue(product, name, "Ready");
    }),
  );
  took.list.push(await timed(() => bb(["get", "bottles"])));
  took.gone.push(await timed(() => remove(product, name)));
}

async function memory(product: Product): Promise<string> {
  const names = Array.from({ length: MANY }, (_, index) => `many-${index}`);
  await Promise.all(names.map((name) => create(product, name)));
  await Promise.all(names.map((name) => untilTrue(product, name, "Ready")));
  await new Promise((resolve) => globalThis.setTimeout(resolve, 5000));
  const link = (await megabytesOf(await machine.containers(), ["airlock", "sidecars"])) / MANY;
  const controller = residentMegabytes(await machine.controller());
  await Promise.all(names.map((name) => remove(product, name)));
  return (
    `airlock + sidecars, idle, each of ${MANY}: ${link.toFixed(0)} MB (bar 100)\n` +
    `controller with ${MANY} bottles: ${controller.toFixed(0)} MB (bar 200)\n`
  );
}

function report(): string {
  const ratio = (share: number): string =>
    (quantile(took.start, share) / quantile(took.bare, share)).toFixed(2);
  return [
    quantileLine("bare script", took.bare),
    quantileLine(
      "apply → Ready, images present",
      took.start,
      `ratio p50 ${ratio(0.5)}, p99 ${ratio(0.99)} (bar 1.5)`,
    ),
    quantileLine("policy change → acknowledged in status", took.policy, "(bar 250)"),
    quantileLine("policy change → agent's next answer", took.judged, "(bar 250)"),
    quantileLine("suspend", took.suspend),
    quantileLine("resume → Ready", took.resume),
    quantileLine("delete → gone", took.gone),
    quantileLine("bb get bottles, wall", took.list, "(bar 200)"),
  ].join("");
}

try {
  process.stdout.write("building images, starting the control plane …\n");
  const built = await bb(["images", "build"]);
  if (built.code !== 0) throw new Error(built.stderr);
  await bb(["up"]);
  const connection = JSON.parse(readFileSync(`${bb.stateDir}/control-plane.json`, "utf8")) as Connection;
  const client = new ApiClient(connection, signal);
  const product = { client, bottles: await resolveResource(client, "bottles") };
  await create(product, "warm");
  await untilTrue(product, "warm", "Ready");
  const images = await imagesOf(await machine.containers());
  await remove(product, "warm");
  for (let index = 0; index < ROUNDS; index++) {
    await round(product, images, index);
    process.stdout.write(
      `round ${index + 1} of ${ROUNDS}: start ${took.start.at(-1)?.toFixed(0)} ms, bare ${took.bare.at(-1)?.toFixed(0)} ms\n`,
    );
  }
  process.stdout.write(`\n${report()}${await memory(product)}`);
  client.close();
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await machine.end();
}
