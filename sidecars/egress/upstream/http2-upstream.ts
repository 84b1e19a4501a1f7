import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  connect,
} from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Clock } from "../../shared/clock.ts";
import type { Dial } from "./connector.ts";

const MAX_HEADER_BYTES = 64 * 1024;
const MAX_HEADER_PAIRS = MAX_HEADER_BYTES / 32;
/** what of an answer may wait for an agent that does not read, on each stream */
const WINDOW_BYTES = 512 * 1024;
/** on each connection: what waits is bounded by the streams' windows, and this one is to slow none of them down */
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;
/** of one connection, where the upstream allows more */
const MAX_STREAMS = 100;
const MAX_SESSIONS = 8;
const KEEP_ALIVE_MS = 30_000;
/** how long an upstream that speaks HTTP/1.1 alone is not asked for HTTP/2 again */
const REMEMBERED_MS = 10 * 60_000;

interface Http2Times {
  readonly clock: Clock;
  readonly silenceMs: number;
}

/** A connection on which HTTP/2 is spoken. */
export class Http2Connection {
  readonly session: ClientHttp2Session;
  /** how long nothing may move in an exchange */
  readonly silenceMs: number;
  readonly #clock: Clock;
  #streams = 0;
  #lastMs: number;

  constructor(session: ClientHttp2Session, { clock, silenceMs }: Http2Times) {
    this.session = session;
    this.silenceMs = silenceMs;
    this.#clock = clock;
    this.#lastMs = clock.elapsedMs();
    session.once("connect", () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    session.on("error", () => undefined);
    this.#closeWhenIdle();
  }

  /** how many requests are under way */
  get streams(): number {
    return this.#streams;
  }

  get hasRoom(): boolean {
    const { maxConcurrentStreams = MAX_STREAMS } = this.session.remoteSettings;
    return this.#streams < Math.min(maxConcurrentStreams, MAX_STREAMS);
  }

  /** Throws when the session has ended meanwhile. */
  request(fields: readonly string[], options: ClientSessionRequestOptions): ClientHttp2Stream {
    const stream = this.session.request(fields as string[], options);
    this.#streams += 1;
    stream.once("close", () => {
      this.#streams -= 1;
      this.#lastMs = this.#clock.elapsedMs();
    });
    return stream;
  }

  #closeWhenIdle(): void {
    let cancel: () => void = () => undefined;
    const look = (): void => {
      cancel = this.#clock.after(KEEP_ALIVE_MS, () => {
        const isIdle = this.#streams === 0 && this.#clock.elapsedMs() - this.#lastMs >= KEEP_ALIVE_MS;
        if (isIdle) this.session.close();
        else look();
      });
    };
    look();
    this.session.once("close", () => cancel());
  }
}

/** The connections to one upstream on which HTTP/2 is spoken, and what is known of whether it speaks it. */
export class Http2Upstream {
  readonly #origin: string;
  readonly #dial: Dial;
  readonly #times: Http2Times;
  readonly #open = new Set<Http2Connection>();
  #opening: Promise<Http2Connection | undefined> | undefined;
  #speaksHttp1SinceMs: number | undefined;
  #isClosed = false;

  constructor(host: string, dial: Dial, times: Http2Times) {
    this.#origin = `https://${host.includes(":") ? `[${host}]` : host}`;
    this.#dial = dial;
    this.#times = times;
  }

  /**
   * A connection on which a request can begin now; undefined when the upstream speaks HTTP/1.1 alone. Rejects as
   * connecting does.
   */
  async connection(): Promise<Http2Connection | undefined> {
    const since = this.#speaksHttp1SinceMs;
    if (since !== undefined && this.#times.clock.elapsedMs() - since < REMEMBERED_MS) return undefined;
    return this.#leastUsed() ?? this.#connect();
  }

  /** Ends when what is under way has ended. */
  close(): void {
    this.#isClosed = true;
    for (const { session } of this.#open) session.close();
  }

  /** Ends at once. */
  destroy(): void {
    this.#isClosed = true;
    for (const { session } of this.#open) session.destroy();
  }

  /** Undefined when a connection more is better. */
  #leastUsed(): Http2Connection | undefined {
    let least: Http2Connection | undefined;
    for (const open of this.#open) {
      if (!open.session.closed && open.streams < (least?.streams ?? Infinity)) least = open;
    }
    if (least === undefined || this.#open.size >= MAX_SESSIONS) return least;
    return least.hasRoom ? least : undefined;
  }

  /** One at a time: those who wait share it. */
  #connect(): Promise<Http2Connection | undefined> {
    this.#opening ??= this.#begin().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #begin(): Promise<Http2Connection | undefined> {
    const socket = await this.#dial(["h2", "http/1.1"]);
    if (this.#isClosed) throw closedWhile(socket);
    if (!(socket instanceof TLSSocket) || socket.alpnProtocol !== "h2") {
      this.#speaksHttp1SinceMs = this.#times.clock.elapsedMs();
      socket.on("error", () => undefined).destroy();
      return undefined;
    }
    this.#speaksHttp1SinceMs = undefined;
    return this.#take(socket);
  }

  #take(socket: TLSSocket): Http2Connection {
    const session = connect(this.#origin, {
      createConnection: () => socket,
      maxHeaderListPairs: MAX_HEADER_PAIRS,
      settings: { enablePush: false, maxHeaderListSize: MAX_HEADER_BYTES, initialWindowSize: WINDOW_BYTES },
    });
    const open = new Http2Connection(session, this.#times);
    this.#open.add(open);
    session.once("goaway", () => this.#open.delete(open));
    session.once("close", () => this.#open.delete(open));
    return open;
  }
}

function closedWhile(socket: Socket): Error {
  socket.on("error", () => undefined).destroy();
  return Object.assign(new Error("the way to the upstream was closed"), { code: "UND_ERR_SOCKET" });
}
