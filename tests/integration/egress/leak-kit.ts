import type { IncomingMessage, OutgoingHttpHeaders, RequestListener, ServerResponse } from "node:http";
import http from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { leakForms } from "../../fixtures/leak-forms.ts";
import { openTls } from "./client.ts";
import type { World } from "./kit.ts";

/** The real value, of which some of the requests below prove that the upstream was sent it. */
export const KEY = "sk-ant-api03-q7Wz9LmX2vKp4TbN8cRs5HdYgFj6-AA";
export const LOGIN = "deploy-bot:h7+Gk/2pQ=9vXz_L4m.T";

type Forms = readonly (readonly [name: string, text: string])[];
interface Echo {
  readonly response: ServerResponse;
  readonly forms: Forms;
}

/** What an upstream does with the forms of a value. */
export interface Place {
  /** which forms can be written there */
  readonly fits: (text: string) => boolean;
  /** whether one answer has room for one form only */
  readonly one?: boolean;
  readonly method?: string;
  readonly write: (echo: Echo) => void;
}

const anything = (): boolean => true;
const inHeader = (text: string): boolean => /^[\x20-\x7e]+$/.test(text);
const isToken = (text: string): boolean => /^[\w!#$%&'*+.^`|~-]+$/.test(text);
const asText = (forms: Forms): string => forms.map(([name, text]) => `${name}: ${text}\n`).join("");
const asJson = (forms: Forms): string => JSON.stringify(Object.fromEntries(forms));
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
const asHtml = (forms: Forms): string =>
  forms.map(([name, text]) => `<p title="${escaped(text)}">${name} <b>${escaped(text)}</b></p>\n`).join("");
const asEvents = (forms: Forms): string =>
  forms.map(([name, text]) => `event: ${name}\ndata: ${JSON.stringify({ text })}\n\n`).join("");

type Body = (forms: Forms) => string;

const body = (type: string, write: Body, status = 200): Place => ({
  fits: anything,
  write: ({ response, forms }) => {
    const bytes = Buffer.from(write(forms), "latin1");
    response.writeHead(status, { "content-type": type, "content-length": bytes.length }).end(bytes);
  },
});

const coded = (coding: string, encode: (bytes: Buffer) => Buffer): Place => ({
  fits: anything,
  write: ({ response, forms }) => {
    response.writeHead(200, { "content-encoding": coding, etag: '"strong"' });
    response.end(encode(Buffer.from(asText(forms), "latin1")));
  },
});

const byteByByte = (headers: Record<string, string>, encode: (bytes: Buffer) => Buffer): Place => ({
  fits: anything,
  write: ({ response, forms }) => {
    response.writeHead(200, headers);
    for (const byte of encode(Buffer.from(asText(forms), "latin1"))) response.write(Buffer.of(byte));
    response.end();
  },
});

const head = (status: number, fields: (forms: Forms) => [string, string][], method = "GET"): Place => ({
  fits: inHeader,
  method,
  write: ({ response, forms }) => response.writeHead(status, fields(forms).flat() as string[]).end(),
});

/** Everywhere in an answer over HTTP/1.1. */
export const places: Readonly<Record<string, Place>> = {
  "the value of a header": head(200, (forms) => forms.map(([, text], index) => [`x-echo-${index}`, text])),
  "the value of a header, to HEAD": head(200, (forms) => forms.map(([, text]) => ["x-echo", text]), "HEAD"),
  "the name of a header": {
    ...head(200, (forms) => forms.map(([, text]) => [text, "1"])),
    fits: isToken,
  },
  "a cookie": head(200, (forms) =>
    forms.map(([, text]) => ["set-cookie", `session=${text}; Path=/; Secure`]),
  ),
  "a challenge": head(401, (forms) =>
    forms.map(([, text]) => ["www-authenticate", `Bearer realm="${text}"`]),
  ),
  "a redirect": {
    ...head(302, ([form]) => [["location", `https://elsewhere.example/?token=${form?.[1] ?? ""}`]]),
    one: true,
  },
  "the reason phrase": {
    fits: inHeader,
    one: true,
    write: ({ response, forms }) => response.writeHead(200, forms[0]?.[1] ?? "").end(),
  },
  "plain text": body("text/plain", asText),
  "values of JSON": body("application/json", asJson),
  "keys of JSON": body("application/json", (forms) =>
    JSON.stringify(Object.fromEntries(forms.map(([name, text]) => [text, name]))),
  ),
  HTML: body("text/html", asHtml),
  "an error page, 404": body("text/html", asHtml, 404),
  "an error page, 500": body("application/problem+json", asJson, 500),
  "server-sent events": {
    fits: anything,
    write: ({ response, forms }) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of asEvents(forms).split(/(?<=\n\n)/)) response.write(Buffer.from(event, "latin1"));
      response.end();
    },
  },
  gzip: coded("gzip", gzipSync),
  br: coded("br", brotliCompressSync),
  zstd: coded("zstd", zstdCompressSync),
  deflate: coded("deflate", deflateSync),
  "deflate without its wrapper": coded("deflate", deflateRawSync),
  "gzip in br": coded("gzip, br", (bytes) => brotliCompressSync(gzipSync(bytes))),
  "frames of zstd in a row": coded("zstd", (bytes) =>
    Buffer.concat([zstdCompressSync(bytes.subarray(0, 700)), zstdCompressSync(bytes.subarray(700))]),
  ),
  "one byte a chunk": byteByByte({ "content-type": "text/plain" }, (bytes) => bytes),
  "gzip, one byte a chunk": byteByByte({ "content-encoding": "gzip" }, gzipSync),
  trailers: {
    fits: inHeader,
    write: ({ response, forms }) => {
      response.writeHead(200, { trailer: "x-echo" }).write("body");
      response.addTrailers(Object.fromEntries(forms.map(([, text], index) => [`x-echo-${index}`, text])));
      response.end();
    },
  },
};

/** where a frame of zstd begins; node undoes the first alone */
const ZSTD_FRAME = /(?=\x28\xb5\x2f\xfd)/;
const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes),
  br: (bytes) => brotliDecompressSync(bytes),
  deflate: (bytes) => ((bytes[0]! & 0x0f) === 8 ? inflateSync(bytes) : inflateRawSync(bytes)),
  zstd: (bytes) => {
    const frames = bytes.toString("latin1").split(ZSTD_FRAME);
    return Buffer.concat(frames.map((frame) => zstdDecompressSync(Buffer.from(frame, "latin1"))));
  },
};

/** What a body (Latin-1) says, with its content codings undone; throws at one that cannot be. */
export function decodedBody(body: string, codings: string | undefined): string {
  if (codings === undefined || body === "") return body;
  const undone = codings
    .split(", ")
    .toReversed()
    .reduce<Buffer>((bytes, coding) => DECODERS[coding]!(bytes), Buffer.from(body, "latin1"));
  return undone.toString("latin1");
}

/** The forms of a value, those that fit a place. */
export const formsAt = (value: string, { fits }: Pick<Place, "fits">): Forms =>
  Object.entries(leakForms)
    .map(([name, encode]) => [name, encode(value)] as const)
    .filter(([, text]) => fits(text));

/** The paths at which an upstream gives a value back in all forms that fit a place, and how many these are. */
export function pathsOf(
  name: string,
  place: Place,
  value: string,
): { readonly paths: string[]; readonly count: number } {
  const forms = formsAt(value, place);
  const at = `/${encodeURIComponent(name)}`;
  const paths = place.one === true ? forms.map(([form]) => `${at}/${encodeURIComponent(form)}`) : [at];
  return { paths, count: forms.length };
}

/** An upstream that gives back what `valueOf` finds in a request: at `/place`, or at `/place/form`. */
export function echoing(valueOf: (request: IncomingMessage) => string): RequestListener {
  return (request, response) => {
    const [, place = "", form] = new URL(request.url ?? "/", "http://x").pathname
      .split("/")
      .map(decodeURIComponent);
    const forms = formsAt(valueOf(request), places[place]!);
    places[place]!.write({
      response,
      forms: form === undefined ? forms : forms.filter(([name]) => name === form),
    });
  };
}

export interface Received {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** everything that came: reason phrase, fields, body without its content coding, trailers */
  readonly text: string;
}

/** A client of the agent that keeps its connection. */
export class LeakClient {
  readonly #agent: http.Agent;

  constructor(world: World, host: string) {
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    this.#agent.createConnection = (_options, done) => {
      openTls(world, `${host}:443`).then(
        (socket) => done?.(null, socket as Duplex),
        (error: Error) => done?.(error, undefined as never),
      );
      return undefined as never;
    };
  }

  ask(url: string, headers: Record<string, string> = {}, method = "GET"): Promise<Received> {
    const { host, pathname, search } = new URL(url);
    return new Promise((resolve, reject) => {
      const options = {
        agent: this.#agent,
        host,
        path: pathname + search,
        method,
        headers: { host, ...headers },
      };
      const request = http.request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          const text = Buffer.concat(chunks).toString("latin1");
          const { statusMessage = "", rawHeaders, rawTrailers, statusCode = 0 } = response;
          const said = decodedBody(text, response.headers["content-encoding"]);
          const all = [statusMessage, ...rawHeaders, said, ...rawTrailers].join("\n");
          resolve({ status: statusCode, headers: response.headers, body: text, text: all });
        });
      });
      request.once("error", reject).end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** An answer over HTTP/2 that is written as one over HTTP/1.1 is: fields may come more than once. */
export function http2Response(stream: ServerHttp2Stream): ServerResponse {
  let trailers: OutgoingHttpHeaders = {};
  stream.once("wantTrailers", () => stream.sendTrailers(trailers));
  const response = {
    writeHead(status: number, fields: OutgoingHttpHeaders | readonly string[] = {}) {
      const pairs = Array.isArray(fields)
        ? fields.flatMap((name: string, at) => (at % 2 === 0 ? [[name, fields[at + 1] as string]] : []))
        : Object.entries(fields);
      const all: OutgoingHttpHeaders = { ":status": status };
      for (const [name = "", value] of pairs as [string, string][])
        all[name.toLowerCase()] = [all[name.toLowerCase()] ?? [], `${value}`].flat() as string[];
      stream.respond(all, { waitForTrailers: true });
      return response;
    },
    addTrailers: (fields: OutgoingHttpHeaders) => void (trailers = fields),
    write: (bytes: string | Buffer) => stream.write(bytes),
    end: (bytes?: string | Buffer) => stream.end(bytes),
  };
  return response as unknown as ServerResponse;
}
