import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../../shared/clock.ts";
import { Http2Stream } from "./http2-stream.ts";

const { NGHTTP2_ENHANCE_YOUR_CALM } = constants;
const MAX_HEADER_BYTES = 64 * 1024;
/** each counts for 32 bytes more than it holds (RFC 9113, 6.5.2), so there are no more of them in a head of that size */
const MAX_HEADER_PAIRS = MAX_HEADER_BYTES / 32;
/** what of a body may wait to be read, on each stream */
const WINDOW_BYTES = 512 * 1024;
/** on each connection; by its default of 64 KB bodies that come side by side, and any large one, would wait for leave */
const CONNECTION_WINDOW_BYTES = 2 * 1024 * 1024;
const MAX_STREAMS_PER_SESSION = 128;
/** over all sessions: with the window the bound of what may wait */
const MAX_STREAMS = 512;
const KEEP_ALIVE_MS = 60_000;
/** for a stream on which nothing moves; a model may think for minutes */
const STREAM_IDLE_MS = 60 * 60_000;
const FIRST_STREAM_MS = 30_000;
/** after which a session is taken for dead; an agent may stand still for a while */
const UNANSWERED_PINGS = 2;
/** for a connection to end after its session */
const GOODBYE_MS = 2_000;

export interface Http2Parts {
  readonly clock: Clock;
  /** for the first request to come; default 30 s */
  readonly headersTimeoutMs?: number | undefined;
  /** how long a session without streams stays, and how often one with streams is asked for a sign of life; default 60 s */
  readonly keepAliveMs?: number | undefined;
  onRequest(agent: Http2Stream, socket: Socket): void;
  /** more are under way than may be, so this one is to be refused */
  onTooMany(agent: Http2Stream): void;
}

/** How a session is used. */
interface Use {
  open: number;
  wasUsed: boolean;
  /** when the last stream ended */
  lastMs: number;
  /** called whenever no stream is open any more */
  onUnused: () => void;
}

/**
 * HTTP/2 towards the agent: bounded heads, streams and times. Floods of settings, pings, resets and continuations are
 * ended by nghttp2, which counts them.
 */
export class Http2Sessions {
  readonly #parts: Http2Parts;
  #streams = 0;

  constructor(parts: Http2Parts) {
    this.#parts = parts;
  }

  /** Takes over a connection on which HTTP/2 was agreed on. */
  accept(socket: Socket): void {
    const session = performServerHandshake(socket, {
      maxHeaderListPairs: MAX_HEADER_PAIRS,
      settings: {
        maxHeaderListSize: MAX_HEADER_BYTES,
        maxConcurrentStreams: MAX_STREAMS_PER_SESSION,
        initialWindowSize: WINDOW_BYTES,
        enableConnectProtocol: false,
      },
    });
    const use: Use = { open: 0, wasUsed: false, lastMs: 0, onUnused: () => undefined };
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.on("error", () => undefined);
    closeAfterStreams(session, use);
    // there is no half of a session: who sends no more frames takes none either, as windows are not opened
    socket.once("end", () => session.destroy());
    session.on("stream", (stream, _headers, _flags, raw: string[]) => {
      use.open += 1;
      use.wasUsed = true;
      stream.once("close", () => {
        use.open -= 1;
        use.lastMs = this.#parts.clock.elapsedMs();
        if (use.open === 0) use.onUnused();
      });
      this.#take(stream, raw, socket);
    });
    this.#closeWhenIdle(session, use, socket);
  }

  #take(stream: ServerHttp2Stream, raw: readonly string[], socket: Socket): void {
    this.#streams += 1;
    stream.once("close", () => (this.#streams -= 1));
    stream.setTimeout(STREAM_IDLE_MS, () => stream.close(NGHTTP2_ENHANCE_YOUR_CALM));
    const agent = new Http2Stream(stream, raw);
    if (this.#streams > MAX_STREAMS) this.#parts.onTooMany(agent);
    else this.#parts.onRequest(agent, socket);
  }

  /** Heads that never become whole are no streams: a session of such alone is idle. */
  #closeWhenIdle(session: ServerHttp2Session, use: Use, socket: Socket): void {
    const { clock, headersTimeoutMs = FIRST_STREAM_MS, keepAliveMs = KEEP_ALIVE_MS } = this.#parts;
    const answersPings = pingsOf(session);
    let cancel: () => void;
    const lookAfter = (delayMs: number): void => {
      cancel = clock.after(delayMs, () => {
        const isBusy = use.open > 0 || clock.elapsedMs() - use.lastMs < keepAliveMs;
        if (use.wasUsed && isBusy && answersPings()) return lookAfter(keepAliveMs);
        session.destroy();
        // it says goodbye first, which nobody may take
        cancel = clock.after(GOODBYE_MS, () => socket.destroy());
      });
    };
    socket.once("close", () => cancel());
    lookAfter(headersTimeoutMs);
  }
}

/**
 * Asks for a sign of life with each call (RFC 9113, 6.7), and says whether the last two were answered or may still be. A
 * session that nghttp2 has given up is neither read nor ended by node, so nobody sees its agent leave.
 */
function pingsOf(session: ServerHttp2Session): () => boolean {
  let unanswered = 0;
  return () => {
    if (session.destroyed || unanswered === UNANSWERED_PINGS) return false;
    unanswered += 1;
    session.ping(() => (unanswered = 0));
    return true;
  };
}

/**
 * Puts the close of a session off until no stream is open. Node begins it at the agent's GOAWAY, and after that a frame
 * that breaks the protocol is no error: the connection is read no more, nobody sees its end, and what is open, with all
 * that it holds, stays until it times out.
 */
function closeAfterStreams(session: ServerHttp2Session, use: Use): void {
  const close = session.close.bind(session);
  session.close = () => {
    use.onUnused = close;
    if (use.open === 0) close();
  };
}
