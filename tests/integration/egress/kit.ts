import { once } from "node:events";
import http, { type IncomingHttpHeaders, type IncomingMessage, type RequestListener } from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import { Writable } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Egress } from "../../../crds/egress.ts";
import { createAuditLog } from "../../../sidecars/egress/audit-log.ts";
import { createCertificateAuthority } from "../../../sidecars/egress/certificates/authority.ts";
import { LeafCertificates } from "../../../sidecars/egress/certificates/leaves.ts";
import { systemClock } from "../../../sidecars/shared/clock.ts";
import { EgressProxy, type WayIn } from "../../../sidecars/egress/egress-proxy.ts";
import { createEnforcement } from "../../../sidecars/egress/enforcement.ts";
import { createTrust } from "../../../sidecars/egress/upstream/connector.ts";
import type { AuditRecord } from "../../../sidecars/wire/audit.ts";
import { compileEgress } from "../../../sidecars/wire/compile-egress.ts";
import type { SecretValue } from "../../../sidecars/wire/control.ts";

/** A CA for upstreams, as the world has its own. */
export const upstreamAuthority = createCertificateAuthority({
  commonName: "the world",
  now: new Date(),
  days: 2,
});
/** A CA that nobody trusts. */
export const strangerAuthority = createCertificateAuthority({
  commonName: "a stranger",
  now: new Date(),
  days: 2,
});
const bottleAuthority = createCertificateAuthority({ commonName: "a bottle", now: new Date(), days: 2 });

/** One request as an upstream saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: NodeJS.Dict<string>;
}

export interface Upstream {
  readonly port: number;
  /** requests that came whole or in part */
  readonly seen: SeenRequest[];
  /** bytes of requests that came, whole or not, TLS undone */
  bytes(): string;
  connections(): number;
  close(): void;
}

const afterTheBody: RequestListener = (request, response) => {
  request.once("end", () => response.end("hello from upstream"));
};

/** An upstream that records; over TLS unless `plain`, with a leaf for whatever name it is called by. */
export async function startUpstream(
  options: {
    readonly plain?: boolean;
    readonly authority?: typeof upstreamAuthority;
    readonly certificateFor?: string;
    readonly answer?: RequestListener;
    readonly address?: string;
    readonly upgrade?: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
  } = {},
): Promise<Upstream> {
  const seen: SeenRequest[] = [];
  const received: Buffer[] = [];
  let connections = 0;
  const answer = options.answer ?? afterTheBody;
  const record = (request: IncomingMessage, response: http.ServerResponse): void => {
    const chunks: Buffer[] = [];
    const entry = { method: request.method ?? "", url: request.url ?? "", headers: request.headers };
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("close", () =>
      seen.push({ ...entry, body: Buffer.concat(chunks).toString("latin1"), trailers: request.trailers }),
    );
    answer(request, response);
  };
  const leaves = new LeafCertificates(options.authority ?? upstreamAuthority);
  const contextFor = (name: string): SecureContext => leaves.contextFor(options.certificateFor ?? name);
  const web = http.createServer(record);
  const { upgrade } = options;
  if (upgrade !== undefined)
    web.on("upgrade", (request, socket: Socket, head) => upgrade(request, socket, head));
  const accept = (socket: Socket): void => {
    connections += 1;
    web.emit("connection", socket);
    // only after node's parser has the socket: one that reads the handle itself emits no data
    socket.on("data", (chunk: Buffer) => received.push(chunk));
  };
  const sockets = new Set<Socket>();
  const server = net.createServer((raw) => {
    sockets.add(raw);
    raw.on("error", () => undefined);
    if (options.plain === true) return accept(raw);
    const secure = new TLSSocket(raw, {
      isServer: true,
      // for clients that give no name, as those of an address do
      secureContext: contextFor("8.8.8.8"),
      SNICallback: (name, done) => done(null, contextFor(name)),
    });
    secure.on("error", () => undefined);
    secure.once("secure", () => accept(secure));
  });
  server.listen(0, options.address ?? "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    bytes: () => Buffer.concat(received).toString("latin1"),
    connections: () => connections,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

export interface World {
  readonly proxy: EgressProxy;
  readonly port: number;
  /** where clients that know of no proxy come to */
  readonly transparent: { readonly tls: number; readonly http: number };
  readonly ca: string;
  readonly audit: AuditRecord[];
  /** nonces of probes */
  readonly probes: string[];
  /** names that were resolved, in order */
  readonly resolved: string[];
  enforce(egress: Egress, secrets?: readonly SecretValue[], canaries?: readonly string[]): void;
  close(): Promise<void>;
}

/** A proxy with a policy. `overrides` as `--resolve` has them; names are resolved by `addresses`, or to 127.0.0.1. */
export async function startWorld(options: {
  readonly egress?: Egress;
  readonly secrets?: readonly SecretValue[];
  readonly overrides?: Readonly<Record<string, number>>;
  readonly addresses?: (host: string) => readonly string[];
  readonly headersTimeoutMs?: number;
  readonly keepAliveMs?: number;
  readonly silenceMs?: number;
}): Promise<World> {
  const audit: AuditRecord[] = [];
  const probes: string[] = [];
  const resolved: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      audit.push(JSON.parse(chunk.toString()) as AuditRecord);
      done();
    },
  });
  const overrides = Object.entries(options.overrides ?? {}).map(
    ([from, port]) => [from, { host: "127.0.0.1", port }] as const,
  );
  const proxy = new EgressProxy({
    audit: createAuditLog({ sink, clock: systemClock }),
    onProbe: (nonce) => probes.push(nonce),
    ...(options.headersTimeoutMs === undefined ? {} : { headersTimeoutMs: options.headersTimeoutMs }),
    ...(options.keepAliveMs === undefined ? {} : { keepAliveMs: options.keepAliveMs }),
    world: {
      clock: systemClock,
      overrides: new Map(overrides),
      ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
      trust: createTrust(upstreamAuthority.certificatePem),
      resolve: (host) => {
        resolved.push(host);
        return Promise.resolve(options.addresses?.(host) ?? ["127.0.0.1"]);
      },
    },
  });
  const enforce: World["enforce"] = (egress, secrets = options.secrets ?? [], canaries = []) => {
    const policy = compileEgress(egress);
    const configuration = {
      policyHash: `hash-${policy.routes.length}`,
      egress: policy,
      secrets: [...secrets],
      canaries: [...canaries],
      certificateAuthority: bottleAuthority,
    };
    proxy.enforce(createEnforcement(configuration, proxy.enforcement));
  };
  if (options.egress !== undefined) enforce(options.egress);
  const listen = async (way: WayIn): Promise<number> =>
    ((await proxy.listen({ host: "127.0.0.1", port: 0 }, way)) as AddressInfo).port;
  return {
    proxy,
    port: await listen("proxy"),
    transparent: { tls: await listen("tls"), http: await listen("http") },
    ca: bottleAuthority.certificatePem,
    audit,
    probes,
    resolved,
    enforce,
    close: () => proxy.close(),
  };
}

/** A secret that is bound to some destinations. */
export function aSecret(value: string, ...destinations: string[]): SecretValue {
  return { name: "cred", key: "token", version: "1", value, destinations };
}
