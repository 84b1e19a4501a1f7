import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { providerNamed } from "../../../reconcilers/providers/index.ts";
import { imageOf } from "../machine-images.ts";
import type { LocalRuntime } from "../../../local-runtime/select-runtime.ts";
import type { ApiClient } from "../api/api-client.ts";
import { pathOf, resolveResource } from "../api/discovery.ts";
import { CliError } from "../cli-error.ts";
import { ACTS, ALLOWED_HOST, MODEL_HOST } from "./acts.ts";
import { demoBottle, demoSecret, type DemoWorld } from "./demo-bottle.ts";
import { createStandInCertificate } from "./stand-in-certificate.ts";

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
  if (machine.outside === undefined) {
    throw new CliError("the demonstration needs an engine", { next: "run it without BB_RUNTIME=fake" });
  }
  const version = providerNamed("claude")?.version ?? "";
  const image = await machine.images.ensure(imageOf("claude", version), signal);
  if (image.kind !== "present")
    throw new CliError("the image of Claude Code is not there", { next: "bb images build" });
  const certificate = createStandInCertificate([MODEL_HOST, ALLOWED_HOST], new Date());
  const scenes = JSON.stringify(ACTS.map(({ scene }) => scene));
  const files = {
    [`${FOLDER}/certificate.pem`]: certificate.certificatePem,
    [`${FOLDER}/key.pem`]: certificate.privateKeyPem,
    [`${FOLDER}/scenes.json`]: scenes,
    ...Object.fromEntries(SOURCES.map((name) => [`${FOLDER}/${name}`, sourceOf(name)])),
  };
  const argv = ["/usr/local/bin/node", `${FOLDER}/main.ts`, FOLDER, String(PORT)];
  const outside = await machine.outside.start(
    { name: "web", image: image.id, argv, files, port: PORT },
    signal,
  );
  const token = liveToken ?? `stand-in-${randomBytes(24).toString("hex")}`;
  return { outside, certificate, token, live: liveToken !== undefined };
}

/** Gives the control plane the secret and the bottle of the demonstration. */
export async function createDemoObjects(
  client: ApiClient,
  world: DemoWorld,
  signal: AbortSignal,
): Promise<void> {
  const objects = [
    { kind: "secrets", body: demoSecret(world) },
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
