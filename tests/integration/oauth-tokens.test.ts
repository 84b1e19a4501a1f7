import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FeedReader } from "../../controller/secrets/feed-reader.ts";
import { Feed, type OAuth } from "../../controller/secrets/feed.ts";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { createServerCertificate } from "../../sidecars/egress/certificates/server-certificate.ts";
import { aFolder } from "./store-kit.ts";

const { signal } = new AbortController();
const authority = createCertificateAuthority({ commonName: "identity", now: new Date(), days: 1 });

interface Reply {
  readonly status?: number;
  readonly body: object | string;
  readonly headers?: Record<string, string>;
}

let server: Server;
let seen: { readonly type: string | undefined; readonly body: string }[];
/** answers with a new access token, and a new refresh token when it rotates */
let answer: (refreshToken: string | null) => Reply;
let folder: string;
let file: string;

beforeEach(async () => {
  seen = [];
  folder = aFolder();
  file = join(folder, "refresh");
  writeFileSync(file, "refresh-0\n", { mode: 0o600 });
  writeFileSync(join(folder, "ca.pem"), authority.certificatePem);
  const { certificatePem, privateKeyPem } = createServerCertificate(authority, ["127.0.0.1"]);
  server = createServer({ cert: certificatePem, key: privateKeyPem }, async (request, response) => {
    const chunks = (await request.toArray()) as Buffer[];
    const body = Buffer.concat(chunks).toString();
    seen.push({ type: request.headers["content-type"], body });
    const reply = answer(new URLSearchParams(body).get("refresh_token"));
    response.writeHead(reply.status ?? 200, reply.headers ?? {});
    response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const tokenUrl = (): string => `https://127.0.0.1:${(server.address() as AddressInfo).port}/token`;

function aFeed(oauth: Partial<OAuth> = {}, source: Partial<Feed> = { file }): Feed {
  return Feed.parse({
    ...{ name: "model", key: "token", ...source },
    oauth: { tokenUrl: tokenUrl(), clientId: "client-1", caFile: join(folder, "ca.pem"), ...oauth },
  });
}
const read = async (feed: Feed, reader = new FeedReader()) => {
  const { bytes, lifetimeMs } = await reader.read(feed, signal);
  return { value: bytes.toString(), lifetimeMs };
};

/** An endpoint that takes each refresh token once. */
function rotating(): (refreshToken: string | null) => Reply {
  let turn = 0;
  return (refreshToken) => {
    if (refreshToken !== `refresh-${turn}`) return { status: 400, body: { error: "invalid_grant" } };
    turn += 1;
    const tokens = { access_token: `access-${turn}`, refresh_token: `refresh-${turn}` };
    return { body: { ...tokens, expires_in: 3600, token_type: "Bearer" } };
  };
}

describe("an access token", () => {
  it("is got with the refresh token of a file, for the time that the endpoint says", async () => {
    answer = () => ({ body: { access_token: "access-1", expires_in: "1800" } });
    expect(await read(aFeed({ scope: "read" }))).toEqual({ value: "access-1", lifetimeMs: 1_800_000 });
    expect(seen).toEqual([
      {
        type: "application/x-www-form-urlencoded",
        body: "grant_type=refresh_token&refresh_token=refresh-0&client_id=client-1&scope=read",
      },
    ]);
    expect(readFileSync(file, "utf8")).toBe("refresh-0\n");
  });

  it("is good for the feed's own time, or an hour, when the endpoint says none", async () => {
    answer = () => ({ body: { access_token: "access-1" } });
    expect((await read(aFeed())).lifetimeMs).toBe(3_600_000);
    expect((await read(aFeed({}, { file, ttl: "10m" }))).lifetimeMs).toBe(600_000);
  });

  it("is asked for in JSON, and with the client's own secret, where the feed says so", async () => {
    answer = () => ({ body: { access_token: "access-1" } });
    const clientSecretFile = join(folder, "client");
    writeFileSync(clientSecretFile, "client-secret\n", { mode: 0o600 });
    await read(aFeed({ body: "json", clientSecretFile }));
    expect(seen[0]?.type).toBe("application/json");
    expect(JSON.parse(seen[0]!.body)).toMatchObject({
      refresh_token: "refresh-0",
      client_secret: "client-secret",
    });
  });
});

describe("a refresh token that comes in the place of another", () => {
  it("is put into the file that the old one was in, 0600, also behind a link", async () => {
    answer = rotating();
    const link = join(folder, "link");
    symlinkSync(file, link);
    const feed = aFeed({}, { file: link });
    expect((await read(feed)).value).toBe("access-1");
    expect(readFileSync(file, "utf8")).toBe("refresh-1\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // as after a restart
    expect((await read(feed)).value).toBe("access-2");
  });

  it("is kept in memory when a command gave the old one, until the endpoint takes it no more", async () => {
    answer = rotating();
    const feed = aFeed({}, { command: `cat ${file}` });
    const reader = new FeedReader();
    for (const value of ["access-1", "access-2", "access-3"]) {
      expect((await read(feed, reader)).value).toBe(value);
    }
    expect(readFileSync(file, "utf8")).toBe("refresh-0\n");
    // somebody signed in anew, which ended the old one
    const signedIn = rotating();
    answer = signedIn;
    expect((await read(feed, reader)).value).toBe("access-1");
  });

  it("is not lost when it cannot be written", async () => {
    const away = join(folder, "away");
    mkdirSync(away);
    writeFileSync(join(away, "refresh"), "refresh-0", { mode: 0o600 });
    const tokens = rotating();
    answer = (refreshToken) => {
      rmSync(away, { recursive: true, force: true });
      return tokens(refreshToken);
    };
    const reader = new FeedReader();
    const feed = aFeed({}, { file: join(away, "refresh") });
    for (const value of ["access-1", "access-2"]) expect((await read(feed, reader)).value).toBe(value);
  });
});

describe("an endpoint or a file that is not what it must be", () => {
  it.each([
    ["refuses the token", { status: 400, body: { error: "invalid_grant" } }, "answered 400 (invalid_grant)"],
    ["quotes what it was sent", { status: 401, body: { error: "refresh-0" } }, "answered 401"],
    ["answers with a page", { body: "<p>refresh-0</p>" }, "gave no access token"],
    ["gives no token", { body: { token_type: "refresh-0" } }, "gave no access token"],
    ["sends elsewhere", { status: 307, body: "", headers: { location: "/other" } }, "answered 307"],
    ["says too much", { body: "refresh-0".repeat(40_000) }, "says too much"],
  ])("is said to be so, and not quoted, when it %s", async (_what, reply, message) => {
    answer = () => reply;
    const reading = read(aFeed());
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.not.toThrow("refresh-0");
    expect(seen).toHaveLength(1);
  });

  it("is sent nothing when its certificate is another's", async () => {
    const { caFile: _none, ...oauth } = aFeed().oauth!;
    await expect(read({ ...aFeed(), oauth })).rejects.toThrow("cannot be asked");
    expect(seen).toEqual([]);
  });

  it("is asked nothing with a file that others may read", async () => {
    chmodSync(file, 0o644);
    await expect(read(aFeed())).rejects.toThrow("others may read it");
    expect(seen).toEqual([]);
  });

  it.each([
    [{ tokenUrl: "http://127.0.0.1/token" }, "must begin with https://"],
    [{ tokenUrl: "https://user:password@127.0.0.1/token" }, "must hold no user"],
    [{ clientId: "" }, "clientId"],
  ])("is no feed at all with %o", (oauth, complaint) => {
    expect(() => aFeed(oauth)).toThrow(complaint);
  });
});
