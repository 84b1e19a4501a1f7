import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { providerNamed } from "../../../reconcilers/providers/index.ts";
import { imageOf } from "../machine-images.ts";
import type { OutsideSpec } from "../../../local-runtime/docker/outside-container.ts";
import type { LocalRuntime } from "../../../local-runtime/select-runtime.ts";
import type { ApiClient } from "../api/api-client.ts";
import { pathOf, resolveResource } from "../api/discovery.ts";
import { CliError } from "../cli-error.ts";
import { ACTS, ALLOWED_HOST, MODEL_HOST } from "./acts.ts";
import { demoBottle, demoSecrets, type DemoWorld } from "./demo-bottle.ts";
import { createStandInCertificate, type StandInCertificate } from "./stand-in-certificate.ts";
import { planUpstream } from "./upstream/upstream.ts";

const PORT = 8443;
const FOLDER = "/stand-in";
const SOURCES = ["main.ts", "server.ts", "events.ts", "script.ts"];
const NAMESPACE = "default";

/** Starts what plays the world outside. `liveToken` is the real API's, when that is to be asked. */
export async function startWorld(
  machine: LocalRuntime,
  liveToken: string | undefined,
  signal: AbortSignal,
): Promise<DemoWorld> {
  const { outside: world } = machine;
  if (world === undefined) {
    throw new CliError("the demonstration needs an engine", { next: "run it without BB_RUNTIME=fake" });
  }
  const version = providerNamed("claude")?.version ?? "";
  const image = await machine.images.ensure(imageOf("claude", version), signal);
  if (image.kind !== "present")
    throw new CliError("the image of Claude Code is not there", { next: "bb images build" });
  const certificate = createStandInCertificate([MODEL_HOST, ALLOWED_HOST], new Date());
  const { spec, privateKey, hostKey } = planUpstream(image.id);
  // one after the other: the first makes the network that both are reached from
  const outside = await world.start(planStandIn(image.id, certificate), signal);
  const upstream = await world.start(spec, signal);
  const token = liveToken ?? `stand-in-${randomBytes(24).toString("hex")}`;
  const live = liveToken !== undefined;
  return { outside, upstream: { ...upstream, privateKey, hostKey }, certificate, token, live };
}

function planStandIn(image: string, certificate: StandInCertificate): OutsideSpec {
  const files = {
    [`${FOLDER}/certificate.pem`]: certificate.certificatePem,
    [`${FOLDER}/key.pem`]: certificate.privateKeyPem,
    [`${FOLDER}/scenes.json`]: JSON.stringify(ACTS.map(({ scene }) => scene)),
    ...Object.fromEntries(SOURCES.map((name) => [`${FOLDER}/${name}`, sourceOf(name)])),
  };
  const argv = ["/usr/local/bin/node", `${FOLDER}/main.ts`, FOLDER, String(PORT)];
  return { name: "web", image, argv, files, port: PORT };
}

/** Gives the control plane the secret and the bottle of the demonstration. */
export async function createDemoObjects(
  client: ApiClient,
  world: DemoWorld,
  signal: AbortSignal,
): Promise<void> {
  const objects = [
    ...demoSecrets(world).map((body) => ({ kind: "secrets", body })),
    { kind: "bottles", body: demoBottle(world) },
  ];
  for (const { kind, body } of objects) {
    const path = pathOf(await resolveResource(client, kind), { namespace: NAMESPACE });
    await client.call(`${path}?fieldValidation=Strict`, { method: "POST", body }, signal);
  }
}

function sourceOf(name: string): string {
  return readFileSync(new URL(`./stand-in/${name}`, import.meta.url), "utf8");
}
