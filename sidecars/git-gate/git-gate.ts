import { mkdirSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { runBackend } from "./http/backend.ts";
import { type InspectPush, RemoteFailure } from "./contract.ts";
import { gitEnvironment } from "./process/environment.ts";
import { answerError, answerText } from "./http/gate-answer.ts";
import { HookSocket } from "./hooks/hook-socket.ts";
import { HOOK_NONCE, HOOK_SOCKET } from "./hooks/hook-wire.ts";
import { writeHooks } from "./hooks/hooks-folder.ts";
import { UNPACK_LIMITS } from "./process/unpack-limits.ts";
import { Push } from "./push/push.ts";
import { checkDeclarations, type RemoteDeclaration } from "./upstream/remote-declaration.ts";
import { Remote } from "./upstream/remote.ts";
import { plainBodyOf, readCommands } from "./http/request-body.ts";
import { type GateRequest, readRequestLine } from "./http/request-line.ts";
import type { UpstreamLimits } from "./upstream/upstream.ts";
import { UpstreamError } from "./upstream/upstream-failure.ts";

export interface GateLimits extends UpstreamLimits {
  /** for a whole request, its push to upstream included */
  readonly requestTimeoutMs: number;
}

export interface GateOptions {
  readonly remotes: readonly RemoteDeclaration[];
  /** of the gate's own; mirrors are kept there from one start to the next */
  readonly folder: string;
  /** hook.ts, or the file that it was built to */
  readonly hookProgram: string;
  /** where git and ssh are found */
  readonly path: string;
  readonly inspectPush: InspectPush;
  readonly limits: GateLimits;
}

type Asked = Extract<GateRequest, { kind: "advertise" | "call" }>;

const MAX_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 30_000;
const CORRUPTION =
  /corrupt|bad object|unable to read|unable to find|not a git repository|does not match index|inflate/i;

/** Smart HTTP for the declared remotes, over `git http-backend`, on a unix socket. */
export class GitGate {
  readonly #options: GateOptions;
  readonly #server: Server;
  readonly #hooks: HookSocket;
  readonly #remotes = new Map<string, Remote>();
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  private constructor(options: GateOptions) {
    this.#options = options;
    this.#hooks = new HookSocket(join(options.folder, "hook.sock"));
    const { requestTimeoutMs: requestTimeout } = options.limits;
    this.#server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on("request", (request, response) => this.#track(this.#serve(request, response), response));
  }

  /** Opens every remote's mirror and agent, then listens on `socket`, where nothing is. */
  static async start(options: GateOptions, socket: string): Promise<GitGate> {
    checkDeclarations(options.remotes);
    const gate = new GitGate(options);
    try {
      await gate.#open();
      gate.#server.listen(socket);
      await once(gate.#server, "listening");
      return gate;
    } catch (error) {
      await gate.close();
      throw error;
    }
  }

  /** Ends every request, child and agent. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#server.close();
    this.#server.closeAllConnections();
    await Promise.all(this.#running);
    await Promise.all([...this.#remotes.values()].map((remote) => remote.close()));
    await this.#hooks.close();
  }

  async #open(): Promise<void> {
    const { folder, hookProgram, remotes, path, limits } = this.#options;
    const [mirrorsFolder, hooksFolder] = [join(folder, "mirrors"), join(folder, "hooks")];
    mkdirSync(mirrorsFolder, { recursive: true, mode: 0o700 });
    writeHooks(hooksFolder, hookProgram);
    rmSync(this.#hooks.path, { force: true });
    await this.#hooks.listen();
    for (const declaration of remotes) {
      const runFolder = join(folder, "run");
      const { signal } = this.#closing;
      const hooks = this.#hooks;
      const parts = { declaration, mirrorsFolder, runFolder, hooksFolder, hooks, path, limits, signal };
      this.#remotes.set(declaration.policy.name, await Remote.open(parts));
    }
  }

  #track(served: Promise<void>, response: ServerResponse): void {
    const running = served
      .catch((error: unknown) => {
        const because =
          error instanceof UpstreamError || error instanceof RemoteFailure
            ? error.message
            : "the gate failed";
        answerText(response, 502, because);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = readRequestLine(request.method ?? "", request.url ?? "");
    if (asked.kind === "refused") return answerText(response, asked.status, asked.because);
    const remote = this.#remotes.get(asked.name);
    if (remote === undefined) return answerText(response, 404, `no remote is declared as ${asked.name}`);
    try {
      if (asked.kind === "advertise") await this.#advertise(remote, asked, request, response);
      else await this.#call(remote, asked, request, response);
    } catch (error) {
      if (!(error instanceof UpstreamError || error instanceof RemoteFailure)) throw error;
      answerError(response, asked, `git-gate: ${error.message}`);
    }
  }

  async #advertise(
    remote: Remote,
    asked: Asked,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    // in version 2 this says what git can do, and the refs are asked for by a call
    const showsRefs = asked.service === "git-receive-pack" || protocolOf(request) !== "version=2";
    if (showsRefs || !(await remote.mirror.isReadable())) await remote.refresh();
    await this.#backend(remote, asked, { request, response, body: Readable.from([]) });
  }

  async #call(
    remote: Remote,
    asked: Asked,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (request.headers["content-type"] !== `application/x-${asked.service}-request`) {
      return answerText(response, 415, `the body must be application/x-${asked.service}-request`);
    }
    const body = plainBodyOf(request);
    if (body === undefined) return answerText(response, 415, "the body must be plain or gzip");
    if (asked.service === "git-receive-pack") return this.#push(remote, asked, { request, response, body });
    await remote.refresh();
    await this.#backend(remote, asked, { request, response, body });
  }

  async #push(remote: Remote, asked: Asked, exchange: Exchange): Promise<void> {
    const commands = await readCommands(exchange.body).catch(() => undefined);
    if (commands === undefined)
      return answerText(exchange.response, 400, "the commands of the push are no pkt-lines");
    const { atomic, body } = commands;
    const push = new Push({
      remote,
      atomic,
      inspect: this.#options.inspectPush,
      signal: this.#closing.signal,
    });
    const expected = this.#hooks.expect((call, say) => push.answer(call, say));
    try {
      const variables = { ...UNPACK_LIMITS, [HOOK_SOCKET]: this.#hooks.path, [HOOK_NONCE]: expected.nonce };
      await this.#backend(remote, asked, { ...exchange, body, variables });
    } finally {
      expected.forget();
      push.end();
    }
  }

  async #backend(remote: Remote, asked: Asked, exchange: Exchange): Promise<void> {
    const protocol = protocolOf(exchange.request);
    const stderr = await runBackend({
      environment: {
        ...gitEnvironment(this.#options.path),
        ...targetOf(asked),
        GIT_PROJECT_ROOT: join(this.#options.folder, "mirrors"),
        GIT_HTTP_EXPORT_ALL: "1",
        REMOTE_USER: "agent",
        REMOTE_ADDR: "agent",
        ...(protocol === undefined ? {} : { GIT_PROTOCOL: protocol }),
        ...exchange.variables,
      },
      body: exchange.body,
      response: exchange.response,
      outlivesClient: asked.service === "git-receive-pack",
      timeoutMs: this.#options.limits.requestTimeoutMs,
      signal: this.#closing.signal,
    });
    if (CORRUPTION.test(stderr)) remote.suspect();
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Readable;
  /** what hooks need beside git's own */
  readonly variables?: Readonly<Record<string, string>>;
}

/** The request as a CGI program gets it: built from what was understood, not from what came. */
function targetOf({ kind, name, service }: Asked): Readonly<Record<string, string>> {
  if (kind === "advertise") {
    const PATH_INFO = `/${name}.git/info/refs`;
    return { REQUEST_METHOD: "GET", PATH_INFO, QUERY_STRING: `service=${service}` };
  }
  const CONTENT_TYPE = `application/x-${service}-request`;
  return { REQUEST_METHOD: "POST", PATH_INFO: `/${name}.git/${service}`, QUERY_STRING: "", CONTENT_TYPE };
}

function protocolOf(request: IncomingMessage): string | undefined {
  const protocol = request.headers["git-protocol"];
  return typeof protocol === "string" && /^version=[0-2]$/.test(protocol) ? protocol : undefined;
}
