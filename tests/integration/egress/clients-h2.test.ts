import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { type RequestListener } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensurePythonClients } from "./clients/python-clients.ts";
import { type ClientWorld, need, startClientWorld } from "./clients-kit.ts";
import { startUpstream, type Upstream } from "./kit.ts";

const HOST = "api.example.com";
/** more than all windows of HTTP/2 on the way hold when nobody makes them larger */
const BODY = "0123456789abcdef ".repeat(100_000);
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
const python = ensurePythonClients();
need("curl");

let upstream: Upstream;
let clients: ClientWorld;

/** Says back what it gets. */
const echo: RequestListener = (request, response) => {
  response.writeHead(200, { "content-type": "text/plain" });
  request.pipe(response);
};

beforeAll(async () => {
  upstream = await startUpstream({ answer: echo });
  clients = await startClientWorld({
    egress: { routes: [{ host: HOST, methods: ["*"] }] },
    overrides: { [`${HOST}:443`]: upstream.port },
  });
  writeFileSync(join(clients.folder, "body"), BODY);
});

afterAll(async () => {
  await clients.close();
  upstream.close();
});

const WITH_PYTHON = `
import hashlib, httpx, sys
body = open("body", "rb").read()
with httpx.Client(http2=True, timeout=30) as client:
    for _ in range(3):
        answer = client.post(sys.argv[1], content=body)
        print(answer.http_version, answer.status_code, hashlib.sha256(answer.content).hexdigest())`;
const WITH_PYTHON_AT_ONCE = `
import asyncio, hashlib, httpx, sys
body = open("body", "rb").read()
async def main():
    async with httpx.AsyncClient(http2=True, timeout=30) as client:
        answers = await asyncio.gather(*(client.post(sys.argv[1], content=body) for _ in range(8)))
        for answer in answers:
            print(answer.http_version, answer.status_code, hashlib.sha256(answer.content).hexdigest())
asyncio.run(main())`;

describe("clients over HTTP/2", () => {
  it("curl sends and gets back a large body", async () => {
    const write = "HTTP/%{http_version} %{http_code}";
    const argv = ["-sS", "--http2", "-w", write, "-o", "echo", "--data-binary", "@body", `https://${HOST}/x`];
    expect((await clients.run("curl", ...argv)).output).toBe("HTTP/2 200");
    const { output } = await clients.run("sha256sum", "echo");
    expect(output).toContain(digest(BODY));
  });

  it.each([
    ["httpx", "one after another", WITH_PYTHON, 3],
    ["httpx", "eight at once on one connection", WITH_PYTHON_AT_ONCE, 8],
  ])("%s sends and gets back large bodies, %s", async (_name, _how, program, times) => {
    const { output } = await clients.run(python, "-c", program, `https://${HOST}/x`);
    expect(output).toBe(`HTTP/2 200 ${digest(BODY)}\n`.repeat(times));
  });
});
