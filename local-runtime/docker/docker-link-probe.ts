import * as z from "zod";
import type { LinkProbe, LinkReport, ProbeRequest } from "../../reconcilers/contract/sandbox-runtime.ts";
import { SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import { runExec } from "./engine-exec.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { findOwn } from "./own-containers.ts";

/** Where the airlock's image has the program (local-runtime/images/airlock/probe). */
const PROBE = "/opt/bot-bottle/airlock/probe";

const Report = z.strictObject({
  foreignInterfaces: z.array(z.string()),
  foreignListeners: z.array(z.int()),
  answered: z.boolean(),
});

/** Looks at the link by a program in the airlock: the agent's network namespace, our image, our user. */
export class DockerLinkProbe implements LinkProbe {
  readonly #connection: EngineConnection;
  readonly #instance: string;

  constructor(connection: EngineConnection, instance: string) {
    this.#connection = connection;
    this.#instance = instance;
  }

  async probeLink(
    airlock: string,
    { nonce, patienceMs }: ProbeRequest,
    signal: AbortSignal,
  ): Promise<LinkReport> {
    const found = await findOwn(this.#connection, this.#instance, airlock, signal);
    if (found?.state.role !== "airlock") throw new SandboxNotFoundError(`there is no airlock ${airlock}`);
    const argv = [PROBE, nonce, String(patienceMs)];
    const { exitCode, output } = await runExec(this.#connection, found.state.id, argv, signal);
    if (exitCode !== 0) throw new Error(`the probe in ${airlock} failed with ${exitCode}: ${output.trim()}`);
    return { ...Report.parse(JSON.parse(output)), airlock: found.state };
  }
}
