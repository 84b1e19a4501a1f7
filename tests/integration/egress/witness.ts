import http, { type OutgoingHttpHeaders } from "node:http";
import type { ClientHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import { openTls } from "./client.ts";
import { answerOf, openHttp2 } from "./h2-client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

/** A request as an agent makes it; what is not said is as any client has it. */
export interface Asking {
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** the body goes out a byte at a time */
  readonly isTrickled?: boolean;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** `PASSED`, or why not: the code of the denial, or what else the answer was. */
export type Send = (asking: Asking) => Promise<string>;
export const PASSED = "passed";
export type Version = (typeof VERSIONS)[number];
export const VERSIONS = ["HTTP/1.1", "HTTP/2"] as const;

/** A proxy and behind it an upstream that notes whatever comes. */
export interface Witness {
  readonly world: World;
  readonly upstream: Upstream;
  readonly send: Readonly<Record<Version, Send>>;
  close(): Promise<void>;
}

const HOST = "api.example.com";
/** where the agent's own cookies go along */
export const COOKIES_HOST = "cookies.example.com";
const DENIED = "x-bot-bottle-denied";

/** Starts one. Connections of the agent are kept, as those of its clients are. `hosts` are further ones that lead to it. */
export async function startWitness(hosts: readonly string[] = []): Promise<Witness> {
  const upstream = await startUpstream();
  const world = await startWorld({
    egress: {
      routes: [
        { host: "*.example.com", methods: ["*"] },
        { host: COOKIES_HOST, methods: ["*"], auth: { mode: "passthrough" } },
      ],
    },
    overrides: Object.fromEntries(
      [HOST, COOKIES_HOST, ...hosts].map((host) => [`${host}:443`, upstream.port] as const),
    ),
  });
  const [first, second] = [http1Client(world), http2Client(world)];
  return {
    world,
    upstream,
    send: { "HTTP/1.1": first.send, "HTTP/2": second.send },
    close: async () => {
      first.close();
      second.close();
      await world.close();
      upstream.close();
    },
  };
}

interface Client {
  readonly send: Send;
  close(): void;
}

const outcomeOf = (status: number | string, denied: string | undefined): string =>
  denied ?? (status === 200 ? PASSED : `${status}`);

/** Says the code with which a tunnel was refused. */
const refused = (error: unknown): string =>
  /^refused: (\w+)$/.exec((error as Error).message)?.[1] ?? rethrow(error);
function rethrow(error: unknown): never {
  throw error;
}

function http1Client(world: World): Client {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16, maxFreeSockets: 16 });
  agent.createConnection = (options, done) => {
    const authority = `${(options as { readonly host: string }).host}:443`;
    openTls(world, authority).then(
      (socket) => done?.(null, socket as Duplex),
      (error: Error) => done?.(error, undefined as never),
    );
    return undefined as never;
  };
  const send: Send = (asking) =>
    new Promise<string>((resolve, reject) => {
      const host = asking.host ?? HOST;
      const { path, method } = { path: "/", method: methodOf(asking), ...asking };
      const request = http.request(
        { agent, host, path, method, headers: { host, ...framing(asking) } },
        (response) => {
          response.resume().once("error", reject);
          response.once("end", () =>
            resolve(outcomeOf(response.statusCode ?? 0, response.headers[DENIED]?.toString())),
          );
        },
      );
      request.once("error", reject);
      write(request, asking);
      if (asking.trailers !== undefined) request.addTrailers(asking.trailers);
      request.end();
    }).catch(refused);
  return { send, close: () => agent.destroy() };
}

function http2Client(world: World): Client {
  const sessions = new Map<string, Promise<ClientHttp2Session>>();
  const sessionFor = (host: string): Promise<ClientHttp2Session> => {
    const session = sessions.get(host) ?? openHttp2(world, `${host}:443`);
    sessions.set(host, session);
    return session;
  };
  const send: Send = async (asking) => {
    const { host = HOST, path = "/", headers, trailers } = asking;
    try {
      const session = await sessionFor(host);
      const head = { ":method": methodOf(asking), ":path": path, ...headers };
      const stream = session.request(head, {
        endStream: asking.body === undefined && trailers === undefined,
        waitForTrailers: trailers !== undefined,
      });
      const answer = answerOf(stream);
      stream.once("wantTrailers", () => stream.sendTrailers({ ...trailers }));
      if (asking.body !== undefined || trailers !== undefined) {
        write(stream, asking);
        stream.end();
      }
      const { status, denied, code } = await answer;
      return outcomeOf(status === 0 ? `reset with ${code}` : status, denied);
    } catch (error) {
      return refused(error);
    }
  };
  const close = (): void => {
    for (const session of sessions.values())
      void session.then(
        (open) => open.destroy(),
        () => undefined,
      );
  };
  return { send, close };
}

const methodOf = ({ method, body, trailers }: Asking): string =>
  method ?? (body === undefined && trailers === undefined ? "GET" : "POST");

function framing({ headers, body, isTrickled, trailers }: Asking): OutgoingHttpHeaders {
  if (trailers !== undefined) return { ...headers, trailer: Object.keys(trailers).join(", ") };
  const isChunked = body === undefined || isTrickled === true;
  return isChunked ? { ...headers } : { ...headers, "content-length": String(Buffer.byteLength(body)) };
}

function write(stream: NodeJS.WritableStream, { body, isTrickled }: Asking): void {
  if (body === undefined) return;
  const bytes = Buffer.from(body);
  if (isTrickled !== true) return void stream.write(bytes);
  for (const byte of bytes) stream.write(Buffer.of(byte));
}

/** Does something with each of many, some at a time, and keeps their order. */
export async function together<T, R>(
  all: readonly T[],
  act: (one: T) => Promise<R>,
  atOnce = 16,
): Promise<R[]> {
  const results: R[] = [];
  const left = all.entries();
  const work = async (): Promise<void> => {
    for (const [index, one] of left) results[index] = await act(one);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}
