import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ForgeDeployKeys } from "../../controller/deploy-keys/index.ts";
import { systemClock, type Clock } from "../../controller/engine/index.ts";
import type { DeployKeyPlace } from "../../reconcilers/contract/deploy-keys.ts";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { createServerCertificate } from "../../sidecars/egress/certificates/server-certificate.ts";
import { describeDeployKeys } from "../contract/deploy-keys.contract.ts";
import { whyNoForge } from "./forge/binary.ts";
import { startForge, type Forge } from "./forge-kit.ts";

// the first time, Gitea is built
vi.setConfig({ hookTimeout: 900_000 });

const missing = whyNoForge();
if (missing !== undefined) console.log(`SKIPPED deploy keys at a real Gitea: ${missing}`);

const INSTANCE = "0123456789abcdef";
const { signal } = new AbortController();
const WRITE = { readOnly: false, recheck: false };

interface Made {
  readonly instance?: string;
  readonly bottles?: readonly string[];
  readonly clock?: Clock;
  readonly callTimeoutMs?: number;
}
const deployKeys = ({
  instance = INSTANCE,
  bottles,
  clock = systemClock,
  ...more
}: Made = {}): ForgeDeployKeys =>
  new ForgeDeployKeys({
    instance,
    hasBottle: async (uid) => bottles?.includes(uid) ?? true,
    clock,
    signal,
    ...more,
  });

describe.skipIf(missing !== undefined)("deploy keys at a real Gitea", () => {
  let forge: Forge;
  beforeAll(async () => {
    forge = await startForge();
  });
  afterAll(() => forge.close());
  const readToken = async (): Promise<string> => forge.token;

  async function aPlace(more: Partial<DeployKeyPlace> = {}): Promise<DeployKeyPlace & { name: string }> {
    const name = `r-${randomUUID()}`;
    await forge.createRepository(name);
    const { url: forgeUrl, caBundle } = forge;
    const repository = `${forge.owner}/${name}`;
    return { bottleUid: randomUUID(), remote: "app", forgeUrl, caBundle, repository, name, ...more };
  }

  const nameOf = ({ repository }: DeployKeyPlace): string => repository.split("/")[1] ?? "";

  describeDeployKeys("gitea", async () => ({
    create: () => deployKeys(),
    aPlace: async (bottleUid) => aPlace({ bottleUid }),
    token: forge.token,
    keysAt: async (place) =>
      (await forge.keysOf(nameOf(place))).map(({ title, read_only: readOnly }) => ({ title, readOnly })),
    addForeignKey: async (place, title) => forge.addKey(nameOf(place), title),
    async removeKeys(place) {
      for (const { id } of await forge.keysOf(nameOf(place)))
        await forge.call("DELETE", `/repos/${place.repository}/keys/${id}`);
    },
    cleanup: async () => undefined,
  }));

  const ready = async (keys: ForgeDeployKeys, place: DeployKeyPlace): Promise<void> =>
    expect.poll(() => keys.ensure(place, WRITE, readToken)).toMatchObject({ kind: "ready" });
  const failed = async (keys: ForgeDeployKeys, place: DeployKeyPlace): Promise<string> => {
    await expect.poll(() => keys.ensure(place, WRITE, readToken).kind).toBe("failed");
    const state = keys.ensure(place, WRITE, readToken);
    return state.kind === "failed" ? state.message : "";
  };
  const titlesOf = async (place: DeployKeyPlace): Promise<string[]> =>
    (await forge.keysOf(nameOf(place))).map(({ title }) => title).toSorted();

  it("are named for installation, bottle and remote", async () => {
    const place = await aPlace();
    await ready(deployKeys(), place);
    expect(await titlesOf(place)).toEqual([`bot-bottle ${INSTANCE}/${place.bottleUid}/app`]);
  });

  it("are found on whatever page they are", async () => {
    const place = await aPlace();
    for (const number of [1, 2, 3, 4, 5, 6, 7]) await forge.addKey(place.name, `laptop ${number}`);
    await ready(deployKeys(), place);
    await forge.addKey(place.name, "laptop 8");
    await deployKeys().remove(place, readToken, signal);
    expect(await titlesOf(place)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((number) => `laptop ${number}`));
  });

  it("of bottles that are gone are removed, and those of other installations are not", async () => {
    const place = await aPlace();
    const [gone, there] = [randomUUID(), randomUUID()];
    for (const bottleUid of [gone, there]) await ready(deployKeys(), { ...place, bottleUid });
    const other = { ...place, bottleUid: randomUUID() };
    await ready(deployKeys({ instance: "f".repeat(16) }), other);

    await ready(deployKeys({ bottles: [there, place.bottleUid] }), place);

    expect(await titlesOf(place)).toEqual(
      [
        `bot-bottle ${INSTANCE}/${there}/app`,
        `bot-bottle ${INSTANCE}/${place.bottleUid}/app`,
        `bot-bottle ${"f".repeat(16)}/${other.bottleUid}/app`,
      ].toSorted(),
    );
  });

  it("are removed from a repository that has another name by now, and are gone with one that is gone", async () => {
    const place = await aPlace();
    await ready(deployKeys(), place);
    const name = `n-${randomUUID()}`;
    expect((await forge.call("PATCH", `/repos/${place.repository}`, { name })).status).toBe(200);
    await deployKeys().remove(place, readToken, signal);
    expect(await forge.keysOf(name)).toEqual([]);

    expect((await forge.call("DELETE", `/repos/${forge.owner}/${name}`)).status).toBe(204);
    await deployKeys().remove(place, readToken, signal);
  });

  it("are made, and removed, once a forge that was down is back", async () => {
    const place = await aPlace();
    let now = Date.now();
    const clock = { ...systemClock, now: () => new Date(now) };
    const keys = deployKeys({ clock });
    await forge.stop();
    expect(await failed(keys, place)).toMatch(
      /the forge 127\.0\.0\.1:\d+ cannot be asked: nothing listens there/,
    );
    await expect(keys.remove(place, readToken, signal)).rejects.toThrow("nothing listens there");
    expect(await failed(keys, place)).toContain("nothing listens there");
    await forge.start();
    expect(keys.ensure(place, WRITE, readToken).kind).toBe("failed");
    now += 60_000;
    await ready(keys, place);
    await keys.remove(place, readToken, signal);
    expect(await titlesOf(place)).toEqual([]);
  });

  it("are refused where the certificate is another's", async () => {
    const { certificatePem } = createCertificateAuthority({ commonName: "x", now: new Date(), days: 2 });
    const place = await aPlace({ caBundle: certificatePem });
    expect(await failed(deployKeys(), place)).toMatch(/certificate is not trusted: forge\.caBundle/);
    expect(await failed(deployKeys(), { ...place, caBundle: undefined })).toMatch(
      /certificate is not trusted/,
    );
  });

  it("say what a token lacks", async () => {
    const place = await aPlace({ repository: `${forge.owner}/nothing-here` });
    expect(await failed(deployKeys(), place)).toMatch(
      /has no repository owner\/nothing-here that the token may see/,
    );
  });

  it("are removed also when the answer to their making never came", async () => {
    const place = await aPlace();
    const between = await aForgeThat(async (asked, answer) => {
      await passOn(asked, forge);
      if (asked.method === "POST") answer.destroy();
      else answer.writeHead(200, { "content-type": "application/json" }).end("[]");
    });
    const lost = { ...place, forgeUrl: between.url, caBundle: between.caBundle };
    expect(await failed(deployKeys(), lost)).toContain("it broke the connection off");
    between.close();
    expect(await titlesOf(place)).toHaveLength(1);

    await ready(deployKeys(), place);
    expect(await titlesOf(place)).toHaveLength(1);
    await deployKeys().remove(place, readToken, signal);
    expect(await titlesOf(place)).toEqual([]);
  });

  it("are asked for over TLS alone", async () => {
    const place = await aPlace({ forgeUrl: "http://127.0.0.1:1" });
    expect(await failed(deployKeys(), place)).toContain("must begin with https://");
  });

  it("are not waited for without end", async () => {
    const place = await aPlace();
    const silent = await aForgeThat(() => Promise.resolve());
    const keys = deployKeys({ callTimeoutMs: 200 });
    const there = { ...place, forgeUrl: silent.url, caBundle: silent.caBundle };
    expect(await failed(keys, there)).toContain("it did not answer in time");
    await expect(keys.remove(there, readToken, signal)).rejects.toThrow("it did not answer in time");
    silent.close();
  });

  it("that may write are not taken where reading was asked for", async () => {
    const place = await aPlace();
    const asked: string[] = [];
    const careless = await aForgeThat(async ({ method = "" }, answer) => {
      asked.push(method);
      const body = method === "POST" ? { id: 7, title: "x", read_only: false } : [];
      answer.writeHead(method === "POST" ? 201 : 200).end(JSON.stringify(body));
    });
    const there = { ...place, forgeUrl: careless.url, caBundle: careless.caBundle };
    const [keys, reading] = [deployKeys(), { readOnly: true, recheck: false }];
    await expect.poll(() => keys.ensure(there, reading, readToken)).toMatchObject({ kind: "failed" });
    expect(asked).toEqual(["GET", "POST", "DELETE"]);
    careless.close();
  });

  const HOSTILE = {
    "sends elsewhere": {
      status: 307,
      headers: { location: "https://127.0.0.2:1/" },
      tells: /sends elsewhere/,
    },
    "sends round in circles": {
      status: 307,
      headers: { location: "/again" },
      tells: /one place to the next/,
    },
    "repeats the token": { status: 500, tells: /answered 500$/ },
    "is none": { status: 200, body: "<html>", tells: /no Gitea or Forgejo/ },
    "says too much": { status: 200, body: "x".repeat(5 * 1024 * 1024), tells: /says too much/ },
  } as const;
  it.each(Object.entries(HOSTILE))("come from no forge that %s", async (_what, hostile) => {
    const place = await aPlace();
    const { status, tells, headers, body } = { headers: {}, body: undefined, ...hostile };
    const between = await aForgeThat(async (asked, answer) => {
      answer.on("error", () => undefined);
      answer.writeHead(status, headers).end(body ?? String(asked.headers.authorization));
    });
    const said = await failed(deployKeys(), { ...place, forgeUrl: between.url, caBundle: between.caBundle });
    between.close();
    expect(said).toMatch(tells);
    expect(said).not.toContain(forge.token);
  });
});

/** A server with a certificate of its own that answers as it is told. */
async function aForgeThat(
  answer: (asked: IncomingMessage, answer: ServerResponse) => Promise<void>,
): Promise<{ readonly url: string; readonly caBundle: string; close(): void }> {
  const authority = createCertificateAuthority({ commonName: "a forge", now: new Date(), days: 2 });
  const { certificatePem, privateKeyPem } = createServerCertificate(authority, ["127.0.0.1"]);
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (asked, answered) => {
    void answer(asked, answered);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `https://127.0.0.1:${port}`,
    caBundle: authority.certificatePem,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Asks the real one the same; resolves when it answered. */
async function passOn(asked: IncomingMessage, forge: Forge): Promise<void> {
  const { host: _host, ...headers } = asked.headers;
  const sent = request(new URL(asked.url ?? "", forge.url), {
    method: asked.method,
    headers,
    ca: forge.caBundle,
    agent: false,
  });
  asked.pipe(sent);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
}
