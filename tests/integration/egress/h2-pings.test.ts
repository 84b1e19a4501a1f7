import { once } from "node:events";
import type { ClientHttp2Session } from "node:http2";
import { afterAll, beforeAll, expect, it } from "vitest";
import { block, END_HEADERS, frame, FRAMES, PREFACE } from "../../fixtures/http2-frames.ts";
import { openAlpn, openHttp2 } from "./h2-client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

/** A session that gives no sign of life is ended, with all that is open on it; one that gives them is not. */

const HOST = "uploads.example.com";
let upstream: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await startWorld({
    egress: { routes: [{ host: HOST, methods: ["*"], scan: "inject-only", scanReason: "a test" }] },
    overrides: { [`${HOST}:443`]: upstream.port },
    headersTimeoutMs: 300,
    keepAliveMs: 300,
  });
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

it("ends an upload of an agent that answers no ping", async () => {
  const socket = await openAlpn(world, `${HOST}:443`, ["h2"]);
  const head = block([
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", HOST],
    [":path", "/silent"],
  ]);
  const begun = [
    frame(FRAMES.headers, END_HEADERS, 1, head),
    frame(FRAMES.data, 0, 1, Buffer.from("a half")),
  ];
  socket.write(Buffer.concat([PREFACE, ...begun]));
  socket.resume();
  await once(socket, "close");
  await expect
    .poll(() => world.audit.filter(({ path }) => path === "/silent").map(({ code }) => code))
    .toEqual(["ClientGone"]);
});

it("leaves one open whose agent answers them", async () => {
  const session: ClientHttp2Session = await openHttp2(world, `${HOST}:443`);
  const stream = session.request({ ":method": "POST", ":authority": HOST, ":path": "/alive" });
  stream.write("a half");
  let pings = 0;
  session.on("ping", () => (pings += 1));
  await expect.poll(() => pings).toBeGreaterThan(4);
  stream.end("and the other");
  const [head] = (await once(stream, "response")) as [Record<string, unknown>];
  expect(head[":status"]).toBe(200);
  session.destroy();
});
