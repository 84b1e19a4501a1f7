import { spawn } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { createServerCertificate } from "../../sidecars/egress/certificates/server-certificate.ts";

/** A request that came to the server. */
export interface SeenRequest {
  readonly path: string;
  /** `USER:PASSWORD` of Basic authentication */
  readonly credential: string | undefined;
}

/** git http-backend behind https, with a certificate of its own CA. */
export interface HttpsUpstream {
  readonly port: number;
  readonly caPem: string;
  readonly seen: SeenRequest[];
  /** who may come in, `USER:PASSWORD`; anybody when undefined */
  allowed: string | undefined;
  /** answers before git does, when it returns true */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

/** Serves a bare repository as `/NAME.git` of an https server on 127.0.0.1. */
export async function startHttpsUpstream(repository: string): Promise<HttpsUpstream> {
  const authority = createCertificateAuthority({ commonName: "upstream", now: new Date(), days: 1 });
  const { certificatePem, privateKeyPem } = createServerCertificate(authority, ["127.0.0.1", "localhost"]);
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    const [, basic] = /^Basic (.*)$/.exec(request.headers.authorization ?? "") ?? [];
    const credential = basic === undefined ? undefined : Buffer.from(basic, "base64").toString();
    upstream.seen.push({ path: request.url ?? "", credential });
    if (upstream.intercept?.(request, response) === true) return;
    if (upstream.allowed === undefined || credential === upstream.allowed)
      return runGit(repository, request, response);
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const upstream: HttpsUpstream = {
    port: (server.address() as AddressInfo).port,
    caPem: authority.certificatePem,
    seen: [],
    allowed: undefined,
    intercept: undefined,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return upstream;
}

/** One run of the real CGI program. */
export function runGit(repository: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const variables = {
    PATH: process.env["PATH"],
    GIT_PROJECT_ROOT: dirname(repository),
    GIT_HTTP_EXPORT_ALL: "1",
    GIT_CONFIG_NOSYSTEM: "1",
    REQUEST_METHOD: request.method,
    PATH_INFO: path,
    QUERY_STRING: query,
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    GIT_PROTOCOL: [request.headers["git-protocol"]].flat().join(),
    REMOTE_USER: "somebody",
  };
  const child = spawn("git", ["http-backend"], { env: variables, stdio: ["pipe", "pipe", "inherit"] });
  request.pipe(child.stdin);
  child.stdin.on("error", () => request.resume());
  let head = "";
  child.stdout.on("data", (chunk: Buffer) => {
    if (response.headersSent) return void response.write(chunk);
    head += chunk.toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) return;
    const fields = head
      .slice(0, end)
      .split("\r\n")
      .map((line) => line.split(": ") as [string, string]);
    const { Status: status = "200", ...headers } = Object.fromEntries(fields);
    response.writeHead(Number.parseInt(status, 10), headers);
    response.write(Buffer.from(head.slice(end + 4), "latin1"));
  });
  child.on("close", () => response.end());
}
