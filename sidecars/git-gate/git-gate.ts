import { mkdirSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { runBackend } from "./http/backend.ts";
import { cgiVariables, protocolOf } from "./http/cgi-request.ts";
import type { GateEvent, InspectPush, Outcome } from "./contract.ts";
import { gitEnvironment } from "./process/environment.ts";
import { answerError, answerLfs, answerText } from "./http/gate-answer.ts";
import { HookSocket } from "./hooks/hook-socket.ts";
import { HOOK_NONCE, HOOK_SOCKET } from "./hooks/hook-wire.ts";
import { writeHooks } from "./hooks/hooks-folder.ts";
import { UNPACK_LIMITS } from "./process/unpack-limits.ts";
import { Push } from "./push/push.ts";
import type { RemoteDeclaration } from "./upstream/remote-declaration.ts";
import type { Remote } from "./upstream/remote.ts";
import { readQuestion } from "./http/question.ts";
import { prepareUploadPack } from "./http/upload-pack.ts";
import { bodyOf, readCommands } from "./http/request-body.ts";
import { type GateRequest, readRequestLine } from "./http/request-line.ts";
import type { UpstreamLimits } from "./upstream/upstream.ts";
import type { Clock } from "../shared/clock.ts";
import { Turns } from "../shared/turns.ts";
import { failureOf, outcomeOf, wordsOf } from "./outcomes.ts";
import type { ServedRemote } from "./served-remote.ts";
import { ServedRemotes } from "./served-remotes.ts";

export interface GateLimits extends UpstreamLimits {
  /** for a whole request, its push to upstream included */
  readonly requestTimeoutMs: number;
}

export interface GateOptions {
  /** of the gate's own, on a disk: mirrors are kept there from one start to the next, and hooks are run from there */
  readonly mirrorsFolder: string;
  /** of the gate's own, for this run: sockets */
  readonly runFolder: string;
  /** hook.ts, or the file that it was built to */
  readonly hookProgram: string;
  /** where git and ssh are found */
  readonly path: string;
  readonly inspectPush: InspectPush;
  readonly limits: GateLimits;
  readonly clock: Clock;
  /** told what became of each request to a remote, but for announcements that succeed */
  readonly onEvent: (event: GateEvent) => void;
}

type Asked = Extract<GateRequest, { kind: "advertise" | "call" }>;

const MAX_CONNECTIONS = 64;
/** each is several processes, some with much memory, and the bundle has to live beside them; the others wait */
const PUSHES_AT_ONCE = 4;
const READS_AT_ONCE = 8;
/** a scanner takes most of what the sidecars have; a small push should not have to wait for a large one */
const JUDGED_AT_ONCE = 2;
const HEADERS_TIMEOUT_MS = 30_000;
const CORRUPTION =
  /corrupt|bad object|unable to read|unable to find|not a git repository|does not match index|inflate/i;

/** Smart HTTP for the declared remotes, over `git http-backend`, on a unix socket. */
export class GitGate {
  readonly #options: GateOptions;
  readonly #server: Server;
  readonly #hooks: HookSocket;
  readonly #hooksFolder: string;
  readonly #remotes: ServedRemotes;
  readonly #pushes = new Turns(PUSHES_AT_ONCE);
  readonly #reads = new Turns(READS_AT_ONCE);
  readonly #judging = new Turns(JUDGED_AT_ONCE);
  readonly #running = new Set<Promise<void>>();
  /** bytes of earlier requests, by connection */
  readonly #counted = new WeakMap<Socket, number>();

  private constructor(options: GateOptions) {
    this.#options = options;
    this.#hooks = new HookSocket(join(options.runFolder, "hook.sock"));
    this.#hooksFolder = join(options.mirrorsFolder, "hooks");
    const { mirrorsFolder, runFolder, path, limits } = options;
    const [hooks, hooksFolder] = [this.#hooks, this.#hooksFolder];
    this.#remotes = new ServedRemotes({ mirrorsFolder, runFolder, hooksFolder, hooks, path, limits });
    const timeouts = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: limits.requestTimeoutMs };
    this.#server = createServer(timeouts);
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on("request", (request, response) => this.#track(this.#serve(request, response), response));
  }

  /** Listens on `socket`, where nothing is, and serves no remote yet. */
  static async start(options: GateOptions, socket: string): Promise<GitGate> {
    const gate = new GitGate(options);
    for (const folder of [options.mirrorsFolder, options.runFolder]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    writeHooks(gate.#hooksFolder, options.hookProgram);
    rmSync(gate.#hooks.path, { force: true });
    await gate.#hooks.listen();
    gate.#server.listen(socket);
    await once(gate.#server, "listening");
    return gate;
  }

  /** See ServedRemotes. */
  configure(remotes: readonly RemoteDeclaration[]): Promise<readonly ServedRemote[]> {
    return this.#remotes.configure(remotes);
  }

  /** Ends every request, child and agent. */
  async close(): Promise<void> {
    this.#server.close();
    await this.#remotes.close();
    this.#server.closeAllConnections();
    await Promise.all(this.#running);
    await this.#hooks.close();
  }

  #track(served: Promise<void>, response: ServerResponse): void {
    const running = served
      .catch(() => answerText(response, 502, "the gate failed"))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = readRequestLine(request.method ?? "", request.url ?? "");
    if (asked.kind === "lfs") return answerLfs(response);
    if (asked.kind === "refused") {
      const because = asked.status === 404 ? `${asked.because}: ${this.#declared()}` : asked.because;
      return answerText(response, asked.status, because);
    }
    const served = this.#remotes.get(asked.name);
    if (served === undefined) {
      return answerText(response, 404, `no remote is declared as ${asked.name}: ${this.#declared()}`);
    }
    const { clock, onEvent } = this.#options;
    const { socket } = request;
    const [begin, bytesWritten] = [clock.elapsedMs(), socket.bytesWritten];
    const outcome = await this.#answer(served, asked, { request, response });
    // head and body may have come before anybody looked: what no earlier request of the connection had is this one's
    const requestBytes = socket.bytesRead - (this.#counted.get(socket) ?? 0);
    this.#counted.set(socket, socket.bytesRead);
    if (outcome === undefined) return;
    onEvent({
      ...outcome,
      remote: served.name,
      method: asked.service === "git-receive-pack" ? "push" : "fetch",
      requestBytes,
      responseBytes: socket.bytesWritten - bytesWritten,
      durationMs: Math.round(clock.elapsedMs() - begin),
    });
  }

  /** The agent knows their names: its own git configuration has them. */
  #declared(): string {
    const urls = this.#remotes.names.map((name) => `/${name}.git`);
    return urls.length === 0 ? "there are none" : `there are ${urls.join(", ")}`;
  }

  /** What became of the request; undefined when that is nobody's concern. */
  async #answer(served: ServedRemote, asked: Asked, exchange: Exchange): Promise<Outcome | undefined> {
    const { request, response } = exchange;
    try {
      return await served.use((remote) => {
        const context = { remote, asked, signal: served.signal };
        return asked.kind === "advertise"
          ? this.#advertise(context, request, response)
          : this.#call(context, request, response);
      });
    } catch (error) {
      const outcome = failureOf(error);
      if (outcome === undefined) throw error;
      answerError(response, asked, wordsOf(outcome));
      return outcome;
    }
  }

  async #advertise(context: Context, request: IncomingMessage, response: ServerResponse): Promise<undefined> {
    const { remote, asked } = context;
    // in version 2 this says what git can do, and the refs are asked for by a call
    const showsRefs = asked.service === "git-receive-pack" || protocolOf(request) !== "version=2";
    // both say how objects are named
    if (!showsRefs) await remote.learnFormat();
    if (showsRefs || !(await remote.mirror.isReadable())) await remote.refreshSoon();
    await this.#backend(context, { request, response, body: Readable.from([]) });
  }

  async #call(
    context: Context,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Outcome | undefined> {
    const { remote, asked } = context;
    const body = bodyOf(asked.service, request);
    if (typeof body === "string") return void answerText(response, 415, body);
    const { signal } = context;
    if (asked.service === "git-receive-pack")
      return this.#pushes.take(() => this.#push(context, { request, response, body }), signal);
    const question = await readQuestion(body);
    const isAnswered = await prepareUploadPack(remote, question, response);
    // upstream's refs are not the mirror's yet: what becomes of that, the question for objects tells
    if (isAnswered && !remote.isFresh) return undefined;
    if (!isAnswered) {
      const exchange = { request, response, body: question.body };
      await this.#reads.take(() => this.#backend(context, exchange), signal);
    }
    if (response.writableFinished && response.statusCode < 400) {
      return outcomeOf("accepted", "Fetched", `${remote.declaration.policy.name} was read`);
    }
    return outcomeOf("failed", "FetchBroken", "the client went away, or git could not serve it");
  }

  async #push(context: Context, exchange: BackendExchange): Promise<Outcome | undefined> {
    const { remote, signal } = context;
    const commands = await readCommands(exchange.body).catch(() => undefined);
    if (commands === undefined)
      return void answerText(
        exchange.response,
        400,
        "the commands of the push are no pkt-lines, or they are signed: push without --signed",
      );
    const { atomic, body } = commands;
    const { inspectPush: inspect } = this.#options;
    const push = new Push({ remote, atomic, inspect, judging: this.#judging, signal });
    const expected = this.#hooks.expect((call, say) => push.answer(call, say));
    try {
      const variables = { ...UNPACK_LIMITS, [HOOK_SOCKET]: this.#hooks.path, [HOOK_NONCE]: expected.nonce };
      await this.#backend(context, { ...exchange, body, variables });
      return push.outcome;
    } finally {
      expected.forget();
      push.end();
    }
  }

  async #backend({ remote, asked, signal }: Context, exchange: BackendExchange): Promise<void> {
    const stderr = await runBackend({
      environment: {
        ...gitEnvironment(this.#options.path),
        ...cgiVariables(asked, protocolOf(exchange.request)),
        GIT_PROJECT_ROOT: this.#options.mirrorsFolder,
        ...exchange.variables,
      },
      body: exchange.body,
      response: exchange.response,
      outlivesClient: asked.service === "git-receive-pack",
      timeoutMs: this.#options.limits.requestTimeoutMs,
      signal,
    });
    if (CORRUPTION.test(stderr)) remote.suspect();
  }
}

/** Of whom a request asks what. */
interface Context {
  readonly remote: Remote;
  readonly asked: Asked;
  readonly signal: AbortSignal;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface BackendExchange extends Exchange {
  readonly body: Readable;
  /** what hooks need beside git's own */
  readonly variables?: Readonly<Record<string, string>>;
}
