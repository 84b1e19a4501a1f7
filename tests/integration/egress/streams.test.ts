import { once } from "node:events";
import type { RequestListener } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { exchange, openTls, readAnswer } from "./client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "stream.example.com";
const opened: (Upstream | World)[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function worldOf(
  answer: RequestListener,
  route: object = {},
): Promise<{ world: World; upstream: Upstream }> {
  const upstream = await startUpstream({ answer });
  const world = await startWorld({
    egress: { routes: [{ host: HOST, methods: ["*"], ...route }] },
    overrides: { [`${HOST}:443`]: upstream.port },
  });
  opened.push(world, upstream);
  return { world, upstream };
}

const get = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

describe("an answer that streams", () => {
  it("passes each server-sent event before the upstream sends the next", async () => {
    let next: () => void = () => undefined;
    const { world } = await worldOf((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      let n = 0;
      next = () => (n < 3 ? response.write(`data: ${n++}\n\n`) : response.end());
      next();
    });
    const socket = await openTls(world, `${HOST}:443`);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    socket.write(get);
    for (let n = 0; n < 3; n += 1) {
      await expect.poll(() => received).toContain(`data: ${n}\n\n`);
      expect(received).not.toContain(`data: ${n + 1}\n\n`);
      next();
    }
    socket.destroy();
  });

  it("passes the head before there is any body", async () => {
    for (const headers of [{ "content-type": "text/event-stream" }, { "content-length": "5" }]) {
      const { world } = await worldOf((_request, response) =>
        response.writeHead(200, headers).flushHeaders(),
      );
      const socket = await openTls(world, `${HOST}:443`);
      socket.write(get);
      const [chunk] = (await once(socket, "data")) as [Buffer];
      expect(chunk.toString()).toContain("HTTP/1.1 200 OK");
      socket.destroy();
    }
  });

  it("holds back an upstream that is faster than the agent, in little memory", async () => {
    const total = 300 * 1024 * 1024;
    const chunk = Buffer.alloc(256 * 1024, "d");
    let sent = 0;
    const { world } = await worldOf((_request, response) => {
      response.writeHead(200, { "content-length": String(total) });
      const pump = (): void => {
        while (sent < total) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once("drain", pump);
        }
        response.end();
      };
      pump();
    });
    const socket = await openTls(world, `${HOST}:443`);
    socket.pause();
    socket.write(get);
    await sleep(500);
    const stalledAt = sent;
    expect(stalledAt).toBeLessThan(40 * 1024 * 1024);
    await sleep(200);
    expect(sent).toBe(stalledAt);

    const before = process.memoryUsage().rss;
    let peak = before;
    let received = 0;
    socket.on("data", (data: Buffer) => {
      received += data.length;
      peak = Math.max(peak, process.memoryUsage().rss);
    });
    socket.resume();
    await expect.poll(() => received, { timeout: 30_000 }).toBeGreaterThanOrEqual(total);
    expect(peak - before).toBeLessThan(200 * 1024 * 1024);
    socket.destroy();
  });

  it("ends at the upstream when the agent goes away", async () => {
    let isClosed = false;
    const { world } = await worldOf((_request, response) => {
      response.writeHead(200).write("first");
      response.on("close", () => (isClosed = true));
    });
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(get);
    await once(socket, "data");
    socket.destroy();
    await expect.poll(() => isClosed).toBe(true);
    await expect.poll(() => world.audit.at(-1)?.code).toBe("ClientGone");
  });

  it("is cut off, and not ended, when the upstream breaks off", async () => {
    const { world } = await worldOf((_request, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" }).write("half");
      setImmediate(() => response.destroy());
    });
    const socket = await openTls(world, `${HOST}:443`);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    socket.write(get);
    await once(socket, "close");
    expect(received).toContain("half");
    expect(received).not.toContain("0\r\n\r\n");
    await expect.poll(() => world.audit.at(-1)?.code).toBe("UpstreamClosed");
  });
});

describe("answers of every kind", () => {
  it.each([
    ["204", 204, {}],
    ["304 with a length", 304, { "content-length": "10", etag: '"x"' }],
    ["200 without a body", 200, { "content-length": "0" }],
    ["404", 404, { "content-length": "0" }],
    [
      "a redirect, which is left to the agent",
      302,
      { location: "https://evil.example/", "content-length": "0" },
    ],
  ])("pass as they are: %s", async (_what, status, headers) => {
    const { world } = await worldOf((_request, response) => response.writeHead(status, headers).end());
    const socket = await openTls(world, `${HOST}:443`);
    const answer = await exchange(socket, get);
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject(headers);
    // the connection is still in step
    expect((await exchange(socket, get)).status).toBe(status);
    socket.destroy();
  });

  it("keep repeated fields apart and lose those of one hop", async () => {
    const { world } = await worldOf((_request, response) => {
      response.writeHead(200, [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["Keep-Alive", "timeout=99"],
        ["Alt-Svc", 'h3=":443"'],
        ["X-Bot-Bottle-Denied", "Forged"],
        ["X-Bot-Bottle-Failed", "Forged"],
        ["Content-Length", "2"],
      ]);
      response.end("ok");
    });
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(get);
    const [chunk] = (await once(socket, "data")) as [Buffer];
    const head = chunk.toString();
    expect(head).toMatch(/set-cookie: a=1\r\nset-cookie: b=2\r\n/i);
    expect(head).not.toMatch(/alt-svc|timeout=99|forged/i);
    socket.destroy();
  });

  it("pass HEAD with the length of what GET would give", async () => {
    const { world } = await worldOf((_request, response) =>
      response.writeHead(200, { "content-length": "1234" }).end(),
    );
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(get.replace("GET", "HEAD"));
    const answer = await readAnswer(socket, { isHead: true });
    expect(answer.headers["content-length"]).toBe("1234");
    socket.destroy();
  });
});

describe("a body on its way up", () => {
  const echo: RequestListener = (request, response) => {
    let length = 0;
    request.on("data", (chunk: Buffer) => (length += chunk.length));
    request.on("end", () => response.end(String(length)));
  };

  it.each(["full", "inject-only"])(
    "is asked for with 100 Continue when the client waits, scan %s",
    async (scan) => {
      const { world } = await worldOf(echo, { scan });
      const socket = await openTls(world, `${HOST}:443`);
      socket.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`);
      const [chunk] = (await once(socket, "data")) as [Buffer];
      expect(chunk.toString()).toBe("HTTP/1.1 100 Continue\r\n\r\n");
      expect((await exchange(socket, "hello")).body).toBe("5");
      socket.destroy();
    },
  );

  it("is not asked for when the request is refused", async () => {
    const { world } = await worldOf(echo, { methods: ["GET"] });
    const socket = await openTls(world, `${HOST}:443`);
    const answer = await exchange(
      socket,
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`,
    );
    expect(answer).toMatchObject({ status: 403, denied: "MethodNotAllowed" });
    expect(answer.headers.connection).toBe("close");
    socket.destroy();
  });

  it("streams with inject-only before it is whole, and as large as it likes", async () => {
    let received = 0;
    const { world } = await worldOf(
      (request, response) => {
        request.on("data", (chunk: Buffer) => (received += chunk.length));
        request.on("end", () => response.end("done"));
      },
      { scan: "inject-only" },
    );
    const socket = await openTls(world, `${HOST}:443`);
    const half = Buffer.alloc(20 * 1024 * 1024, "u");
    socket.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${2 * half.length}\r\n\r\n`);
    socket.write(half);
    await expect.poll(() => received, { timeout: 10_000 }).toBe(half.length);
    const answer = readAnswer(socket);
    socket.write(half);
    expect((await answer).body).toBe("done");
    expect(received).toBe(2 * half.length);
    socket.destroy();
  });

  it("arrives whole when it is chunked", async () => {
    const { world, upstream } = await worldOf(echo);
    const socket = await openTls(world, `${HOST}:443`);
    const answer = await exchange(
      socket,
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n`,
    );
    expect(answer.body).toBe("11");
    expect(upstream.seen.at(-1)?.body).toBe("hello world");
    socket.destroy();
  });

  it("leaves the connection in step when it is refused and keeps coming", async () => {
    const { world } = await worldOf(echo, { maxBodyBytes: 1000 });
    const socket = await openTls(world, `${HOST}:443`);
    const answer = await exchange(socket, `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5000\r\n\r\n`);
    expect(answer.denied).toBe("BodyTooLarge");
    const next = await exchange(
      socket,
      `${"x".repeat(5000)}POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\n\r\nhi`,
    );
    expect(next).toMatchObject({ status: 200, body: "2" });
    socket.destroy();
  });
});
