import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exchange, openTls, request, type Answer } from "./client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "uploads.example.com";
const SECRET = "sk-ant-api03-" + "Zq8vN2xWmT4kL9pRyB7c";
const LIMIT = 64 * 1024;

let upstream: Upstream;
let world: World;
beforeEach(async () => {
  upstream = await startUpstream({
    answer: (asked, response) => {
      let bytes = 0;
      asked.on("data", (chunk: Buffer) => (bytes += chunk.length));
      asked.once("end", () => response.end(`${bytes}`));
    },
  });
  const route = { host: HOST, methods: ["*"], scan: "streamed" as const, maxBodyBytes: LIMIT };
  world = await startWorld({ egress: { routes: [route] }, overrides: { [`${HOST}:443`]: upstream.port } });
});
afterEach(async () => {
  await world.close();
  upstream.close();
});

const upload = (body: string | Buffer): Promise<Answer> => request(world, `https://${HOST}/`, { body });
const lines = (bytes: number): string => "a line of an ordinary upload\n".repeat(bytes / 29);

describe("a body on a route with scan: streamed", () => {
  it("passes whole when it is larger than maxBodyBytes", async () => {
    const body = lines(2 * 1024 * 1024);
    expect(await upload(body)).toMatchObject({ status: 200, body: `${body.length}` });
    expect(upstream.seen[0]?.headers["content-length"]).toBe(`${body.length}`);
  });

  it("passes at most what stood well before a secret", async () => {
    for (const at of [0, 65_530, 131_060, 196_600, 700_000, 1_000_000]) {
      const body = `${lines(at).padEnd(at, ".")} ${SECRET} ${lines(1_000_000 - at)}`;
      expect((await upload(body)).denied, `at ${at}`).toBe("SecretInBody");
    }
    expect(upstream.bytes()).not.toContain("sk-ant");
  });

  it.each([
    { how: "base64", hidden: Buffer.from(`key: ${SECRET}`).toString("base64") },
    { how: "hexadecimal digits", hidden: Buffer.from(SECRET).toString("hex") },
    { how: "percent signs", hidden: SECRET.replaceAll("-", "%2D") },
  ])("is searched for what $how hide across the border of two windows", async ({ hidden }) => {
    const half = hidden.length >> 1;
    const body = `${lines(131_072 - half).padEnd(131_072 - half, ".")}${hidden} ${lines(200_000)}`;
    expect((await upload(body)).denied).toBe("SecretInBody");
  });

  it("is scanned when its length is not known", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
    const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const body = [lines(100_000), `${SECRET.slice(0, 9)}`, `${SECRET.slice(9)} `, lines(100_000)];
    const answer = await exchange(socket, `${head}${body.map(chunk).join("")}0\r\n\r\n`);
    expect(answer.denied).toBe("SecretInBody");
    expect(upstream.bytes()).not.toContain("sk-ant");
    socket.destroy();
  });

  it("is held and scanned in full while it is small", async () => {
    const form = `${lines(1000)}${Buffer.from(SECRET).toString("base64")}`;
    expect((await upload(form)).denied).toBe("SecretInBody");
    expect(upstream.connections()).toBe(0);
  });

  it("is refused when it has a coding and is larger", async () => {
    const body = gzipSync(Buffer.from(Array.from({ length: LIMIT * 2 }, (_, n) => (n * 7919) % 251)), {
      level: 0,
    });
    const headers = { "content-encoding": "gzip" };
    const answer = await request(world, `https://${HOST}/`, { body, headers });
    expect(answer.denied).toBe("BodyTooLarge");
  });
});
