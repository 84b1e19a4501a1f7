import { X509Certificate } from "node:crypto";
import type { Readable } from "node:stream";
import { SandboxNotFoundError } from "../contract/errors.ts";
import type { SandboxExec } from "../contract/sandbox-exec.ts";
import type { SandboxState } from "../contract/sandbox-runtime.ts";
import type { ProviderCheck } from "../providers/index.ts";
import { CA_PATH } from "../shared/agent-paths.ts";
import { runOf } from "./parts.ts";

/** What was verified from inside the agent's sandbox after its start. */
export type AgentCheck =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly message: string }
  /** it did not run, or enforcement was not shown */
  | { readonly kind: "notSeen" };

const TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 64 * 1024;

/** Proves that the CA is in the agent's sandbox and that its provider is there; once per run of the agent. */
export class AgentChecks {
  readonly #exec: SandboxExec;
  readonly #passed = new Map<string, string>();

  constructor(exec: SandboxExec) {
    this.#exec = exec;
  }

  async observe(
    agent: SandboxState,
    wanted: { readonly caFingerprint: string; readonly checks: readonly ProviderCheck[] },
    signal: AbortSignal,
  ): Promise<AgentCheck> {
    const subject = `${runOf(agent)} ${wanted.caFingerprint}`;
    if (this.#passed.get(agent.owner.uid) === subject) return { kind: "passed" };
    try {
      const failures = await Promise.all([
        this.#checkCertificate(agent.name, wanted.caFingerprint, signal),
        ...wanted.checks.map((check) => this.#check(agent.name, check, signal)),
      ]);
      const message = failures.find((failure) => failure !== undefined);
      if (message !== undefined) return { kind: "failed", message };
    } catch (error) {
      if (error instanceof SandboxNotFoundError) return { kind: "notSeen" };
      throw error;
    }
    this.#passed.set(agent.owner.uid, subject);
    return { kind: "passed" };
  }

  forget(ownerUid: string): void {
    this.#passed.delete(ownerUid);
  }

  async #checkCertificate(sandbox: string, wanted: string, signal: AbortSignal): Promise<string | undefined> {
    const { output, exitCode } = await this.#run(sandbox, ["cat", CA_PATH], signal);
    if (exitCode !== 0)
      return `ca: ${CA_PATH} could not be read in the agent's sandbox (exit code ${exitCode})`;
    return fingerprintOf(output) === wanted ? undefined : `ca: ${CA_PATH} is not the bottle's CA certificate`;
  }

  async #check(
    sandbox: string,
    { name, argv, outputIncludes }: ProviderCheck,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { output, exitCode } = await this.#run(sandbox, argv, signal);
    if (exitCode === 0 && output.includes(outputIncludes)) return undefined;
    return `${name}: \`${argv.join(" ")}\` did not say ${outputIncludes} (exit code ${exitCode})`;
  }

  async #run(
    sandbox: string,
    argv: readonly string[],
    signal: AbortSignal,
  ): Promise<{ output: string; exitCode: number }> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const session = await this.#exec.exec(sandbox, { argv, tty: false, stdin: false }, limit);
    session.stderr.resume();
    const output = await textOf(session.stdout);
    if (output.length > MAX_OUTPUT_BYTES) await session.kill();
    return { output, exitCode: await session.exitCode };
  }
}

/** the first part of what was said: the other side may be hostile and talk for ever */
async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    chunks.push(bytes);
    size += bytes.length;
    if (size > MAX_OUTPUT_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function fingerprintOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
  } catch {
    // whatever it is, it is not our certificate
    return undefined;
  }
}
