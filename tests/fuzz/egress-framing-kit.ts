import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import tls from "node:tls";
import { expect } from "vitest";
import { LeafCertificates } from "../../sidecars/egress/certificates/leaves.ts";
import type { AuditRecord } from "../../sidecars/wire/audit.ts";
import { upstreamAuthority } from "../integration/egress/kit.ts";

/** A request as an upstream got it, whole or not. */
export interface Arrived {
  readonly method: string;
  readonly authority: string;
  /** path and query */
  readonly target: string;
  /** bytes of its body so far */
  bodyBytes: number;
  /** undefined while it may still come to an end */
  isWhole: boolean | undefined;
}

/** In a generated text: the place of a request's number, by which it is told from all others. */
export const NUMBER = "N0";
const NUMBERED = /n\d+$/;
/** requests whose texts are remembered: one may arrive when its agent is gone and others are tried */
const REMEMBERED = 10_000;

/** Compares what an upstream got with what was asked for and with what was recorded. */
export class Comparison {
  readonly #audit: readonly AuditRecord[];
  readonly #arrived: readonly Arrived[];
  readonly #texts = new Map<string, string>();
  readonly #records = new Map<string, AuditRecord[]>();
  #requests = 0;
  #recordsRead = 0;
  #compared = 0;

  constructor(audit: readonly AuditRecord[], arrived: readonly Arrived[]) {
    this.#audit = audit;
    this.#arrived = arrived;
  }

  /** Puts a number of its own into each place that is left for one. */
  number(text: string): string {
    const numbers: string[] = [];
    const result = text.replaceAll(NUMBER, () => {
      this.#requests += 1;
      numbers.push(`n${this.#requests}`);
      return `n${this.#requests}`;
    });
    for (const number of numbers) this.#texts.set(number, result);
    for (const number of this.#texts.keys()) {
      if (this.#texts.size <= REMEMBERED) break;
      this.#texts.delete(number);
    }
    return result;
  }

  /**
   * Says that each request that arrived since was decided on: there is one record of it, with that method, authority and
   * path, and with as many bytes of body. Its query is the one that was asked for.
   */
  async expectDecided(): Promise<void> {
    const since = this.#arrived.slice(this.#compared);
    this.#compared = this.#arrived.length;
    const problems = (): string[] => {
      this.#readRecords();
      return since.flatMap((one) => this.#problemOf(one) ?? []);
    };
    if (problems().length > 0) await expect.poll(problems, { timeout: 5_000 }).toEqual([]);
  }

  #readRecords(): void {
    for (; this.#recordsRead < this.#audit.length; this.#recordsRead += 1) {
      const record = this.#audit[this.#recordsRead]!;
      if (record.verdict === "deny") continue;
      const key = `${record.method} ${record.host}${record.path}`;
      this.#records.set(key, [...(this.#records.get(key) ?? []), record]);
    }
  }

  #problemOf(one: Arrived): string | undefined {
    const { method, authority, target } = one;
    const path = target.replace(/\?.*/s, "");
    const what = `${method} ${authority}${target}`;
    if (!path.startsWith("/v1/")) return `${what} is not allowed`;
    if (!this.#wasAskedFor(path, target)) return `${what} was not asked for`;
    const [record, ...more] = this.#records.get(`${method} ${authority}${path}`) ?? [];
    if (record === undefined || more.length > 0) return `${what} has not one record: ${this.#codesOf(path)}`;
    return isOfSameBody(one, record) ? undefined : `${what}: ${JSON.stringify([one, record])}`;
  }

  /** Of all records of a path, those of refusals too. */
  #codesOf(path: string): string {
    const codes = this.#audit.flatMap((one) => (one.path === path ? one.code : []));
    return codes.length === 0 ? "none" : codes.join(", ");
  }

  #wasAskedFor(path: string, target: string): boolean {
    const at = path.search(NUMBERED);
    return at >= 0 && this.#texts.get(path.slice(at))?.includes(target.slice(at)) === true;
  }
}

/** What is broken off may have been recorded before all of it had come. */
function isOfSameBody({ isWhole, bodyBytes }: Arrived, { verdict, requestBytes }: AuditRecord): boolean {
  return isWhole === false ? verdict === "error" : isWhole === true && requestBytes === bodyBytes;
}

/** An upstream of HTTP/1.1 that writes requests down as they begin. */
export async function startHttp1Witness(
  arrived: Arrived[] = [],
  isSecure = false,
): Promise<{
  readonly port: number;
  readonly arrived: Arrived[];
  /** what came that is no HTTP */
  readonly malformed: string[];
  close(): void;
}> {
  const malformed: string[] = [];
  const sockets = new Set<Socket>();
  const web = http.createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const one: Arrived = {
      method,
      authority: headers.host ?? "",
      target: url,
      bodyBytes: 0,
      isWhole: undefined,
    };
    arrived.push(one);
    request.on("data", (chunk: Buffer) => (one.bodyBytes += chunk.length));
    request.on("error", () => undefined);
    request.on("close", () => (one.isWhole ??= false));
    request.on("end", () => {
      one.isWhole = true;
      response.end("ok");
    });
  });
  web.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const { code = "" } = error;
    // a request that is broken off ends its connection within its body
    if (code !== "HPE_INVALID_EOF_STATE" && code !== "ECONNRESET") malformed.push(code);
    socket.destroy();
  });
  const leaves = new LeafCertificates(upstreamAuthority);
  const SNICallback: tls.TlsOptions["SNICallback"] = (name, done) => done(null, leaves.contextFor(name));
  const accept = (socket: Socket): void =>
    void web.emit(
      "connection",
      socket.on("error", () => undefined),
    );
  const server = isSecure ? tls.createServer({ SNICallback }, accept) : net.createServer(accept);
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    arrived,
    malformed,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
