import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensurePythonClients } from "./clients/python-clients.ts";
import { type ClientWorld, startClientWorld } from "./clients-kit.ts";
import { startWebSocketUpstream, type WebSocketUpstream } from "./websocket-kit.ts";

const HOST = "socket.example.com";
const python = ensurePythonClients();

let upstream: WebSocketUpstream;
let plain: WebSocketUpstream;
let clients: ClientWorld;

beforeAll(async () => {
  const server = { perMessageDeflate: true };
  upstream = await startWebSocketUpstream({ server });
  plain = await startWebSocketUpstream({ server, plain: true });
  clients = await startClientWorld({
    egress: { routes: [{ host: HOST }] },
    overrides: { [`${HOST}:443`]: upstream.port, [`${HOST}:80`]: plain.port },
  });
});

afterAll(async () => {
  await clients.close();
  upstream.close();
  plain.close();
});

/** Each says three things, one of them long, and prints how many characters come back. */
const WITH_NODE = `
const socket = new WebSocket(process.argv[1]);
const words = ["hello", "wörld", "long ".repeat(100_000)];
socket.addEventListener("error", () => { console.log("failed"); process.exit(1); });
socket.addEventListener("open", () => socket.send(words[0]));
socket.addEventListener("message", ({ data }) => {
  console.log(data === words.shift() ? "same" : "other", data.length);
  if (words.length > 0) socket.send(words[0]);
  else socket.close(1000, "done");
});
socket.addEventListener("close", ({ code }) => console.log("closed", code));`;
const WITH_PYTHON = `
import asyncio, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1], max_size=None) as socket:
        for word in ["hello", "wörld", "long " * 100_000]:
            await socket.send(word)
            echo = await socket.recv()
            print("same" if echo == word else "other", len(echo))
        await asyncio.wait_for(await socket.ping(), 20)
    print("closed", socket.close_code)
asyncio.run(main())`;

const PROGRAMS = {
  "node's WebSocket": (url: string) => clients.run(process.execPath, "-e", WITH_NODE, url),
  "python's websockets": (url: string) => clients.run(python, "-c", WITH_PYTHON, url),
};

describe.each(Object.entries(PROGRAMS))("%s", (_name, talk) => {
  it.each(["wss", "ws"])("talks over %s", async (scheme) => {
    const { code, output } = await talk(`${scheme}://${HOST}/chat`);
    expect([code, output]).toEqual([0, "same 5\nsame 5\nsame 500000\nclosed 1000\n"]);
  });

  it("is refused another host", async () => {
    const { code } = await talk("wss://evil.example/chat");
    expect(code).not.toBe(0);
    expect(clients.world.audit.at(-1)).toMatchObject({ code: "HostNotAllowed", host: "evil.example" });
  });
});
