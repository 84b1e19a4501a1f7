import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { type ApiServer, createApiServer } from "../../controller/api-server/index.ts";
import { systemClock } from "../../controller/engine/index.ts";
import { createSecretVault, type SecretVault } from "../../controller/secrets/index.ts";
import { createInProcessClient, openSqliteStore, type ResourceStore } from "../../controller/store/index.ts";
import { bottles, resourceDefinitions } from "../../crds/resources.ts";
import type { Bottle } from "../../crds/bottle.ts";
import type { ConditionDraft } from "../../crds/condition.ts";
import {
  createHostProcesses,
  createMemoryLogs,
  type HostProcesses,
  type MemoryLogs,
} from "./api-server-processes.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Reply {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any;
}

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  /** replaces those that a rightful client sends; undefined leaves one out */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** A whole API server on a store of its own, and clients of it. */
export interface ApiServerKit {
  readonly folder: string;
  readonly url: string;
  readonly port: number;
  readonly api: ApiServer;
  readonly store: ResourceStore;
  readonly vault: SecretVault;
  readonly processes: HostProcesses;
  readonly logs: MemoryLogs;
  /** everything the server logged */
  readonly logged: string[];
  kubectl(
    args: readonly string[],
    options?: { readonly stdin?: string; readonly env?: object },
  ): Promise<Outcome>;
  /** kubectl that goes on until it is killed */
  startKubectl(args: readonly string[]): ChildProcess & { readonly output: () => string };
  fetch(path: string, asked?: Asked): Promise<Reply>;
  /** writes a file and returns its path */
  file(name: string, content: string): string;
  /** sets a condition as the reconciler would */
  setCondition(name: string, draft: ConditionDraft): void;
  close(): Promise<void>;
}

/** Starts one in a new folder, or in that of one that was stopped. */
export async function startApiServer(options: { readonly folder?: string } = {}): Promise<ApiServerKit> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "bb-api-"));
  const store = openSqliteStore({ directory: join(folder, "state"), clock: systemClock });
  const client = createInProcessClient(store, systemClock);
  const vault = createSecretVault({ client, feeds: () => [], clock: systemClock });
  const processes = createHostProcesses();
  const logs = createMemoryLogs();
  const logged: string[] = [];
  const log = (facts: object, message: string): void =>
    void logged.push(
      `${message} ${JSON.stringify(facts, (_, value: unknown) => (value instanceof Error ? String(value.stack) : value))}`,
    );
  const start = async () => {
    const api = createApiServer({
      store,
      vault,
      definitions: resourceDefinitions,
      exec: processes,
      logs,
      attachArgv: () => ["sh", "-c", "echo attached; read line; echo got $line; exit 3"],
      clock: systemClock,
      logger: { debug: log, error: log },
      folder: join(folder, "state", "tls"),
      kubeconfigPath: join(folder, "state", "kubeconfig"),
      version: "0.0.0-test",
    });
    return { api, ...(await api.listen()) };
  };
  const { api, url, port } = await start().catch((error: unknown) => {
    store.close();
    throw error;
  });
  const kubectlArgs = [
    "--kubeconfig",
    join(folder, "state", "kubeconfig"),
    "--cache-dir",
    join(folder, "cache"),
  ];
  const environment = { PATH: process.env["PATH"], HOME: folder };
  return {
    ...{ folder, url, port, api, store, vault, processes, logs, logged },
    kubectl: (args, options = {}) =>
      run(["kubectl", ...kubectlArgs, ...args], options.stdin, { ...environment, ...options.env }),
    startKubectl(args) {
      const child = spawn("kubectl", [...kubectlArgs, ...args], { env: environment });
      let text = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
      return Object.assign(child, { output: () => text });
    },
    fetch: (path, asked) => fetchFrom(api, port, path, asked),
    file(name, content) {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    },
    setCondition: (name, draft) => setCondition(store, name, draft),
    async close() {
      await api.close();
      store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a program to its end, or kills it after half a minute. */
export function run(
  argv: readonly string[],
  stdin: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Outcome> {
  const [program = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, timeout: 30_000, killSignal: "SIGKILL" });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({
        code: code ?? -1,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      }),
    );
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin ?? "");
  });
}

function fetchFrom(api: ApiServer, port: number, path: string, asked: Asked = {}): Promise<Reply> {
  const wanted = {
    authorization: `Bearer ${api.token}`,
    "content-type": "application/json",
    ...asked.headers,
  };
  const headers = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const body =
    typeof asked.body === "string" || asked.body === undefined ? asked.body : JSON.stringify(asked.body);
  return new Promise((resolve, reject) => {
    // The certificate is for loopback, whatever the Host header says.
    const options = {
      servername: "localhost",
      host: "127.0.0.1",
      port,
      path,
      method: asked.method ?? "GET",
      headers,
      ca: api.caPem,
      agent: false as const,
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = response.headers["content-type"]?.startsWith("application/json") === true;
        const lines = text.trim().split("\n").length > 1;
        resolve({
          code: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson && !lines ? JSON.parse(text) : undefined,
        });
      });
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function setCondition(store: ResourceStore, name: string, draft: ConditionDraft): void {
  const bottle = store.get(bottles, { namespace: "default", name }) as Bottle;
  const others = (bottle.status?.conditions ?? []).filter(({ type }) => type !== draft.type);
  const condition = { ...draft, lastTransitionTime: new Date().toISOString() };
  store.updateStatus(bottles, {
    ...bottle,
    status: { ...bottle.status, conditions: [...others, condition] },
  });
}

/** Waits until `holds`; fails after `ms` with what is seen then. */
export async function eventually(
  holds: () => boolean,
  seen: () => string = () => "",
  ms = 10_000,
): Promise<void> {
  const until = Date.now() + ms;
  while (!holds()) {
    if (Date.now() > until) throw new Error(`not in time: ${seen()}`);
    await sleep(10);
  }
}
