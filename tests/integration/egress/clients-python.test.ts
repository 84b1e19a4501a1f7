import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensurePythonClients } from "./clients/python-clients.ts";
import { type ClientWorld, startClientWorld } from "./clients-kit.ts";
import { startUpstream, type Upstream } from "./kit.ts";

const HOST = "api.example.com";
const python = ensurePythonClients();

let upstream: Upstream;
let plain: Upstream;
let clients: ClientWorld;

beforeAll(async () => {
  const answer = (request: { url?: string | undefined }, response: { end(text: string): void }): void =>
    response.end(`hello from ${request.url}`);
  upstream = await startUpstream({ answer });
  plain = await startUpstream({ plain: true, answer });
  clients = await startClientWorld({
    egress: { routes: [{ host: HOST, methods: ["*"] }] },
    overrides: { [`${HOST}:443`]: upstream.port, [`${HOST}:80`]: plain.port },
  });
});

afterAll(async () => {
  await clients.close();
  upstream.close();
  plain.close();
});

/** Two requests on one client, so that connections are kept; the second has a body and a query. */
const PROGRAMS = {
  requests: `
import requests, sys
with requests.Session() as session:
    print(session.get(sys.argv[1] + "/one", timeout=20).text)
    print(session.post(sys.argv[1] + "/two", json={"a": "b"}, params={"q": "x y"}, timeout=20).text)`,
  httpx: `
import httpx, sys
with httpx.Client(timeout=20) as client:
    print(client.get(sys.argv[1] + "/one").text)
    print(client.post(sys.argv[1] + "/two", json={"a": "b"}, params={"q": "x y"}).text)`,
  "httpx, asynchronous": `
import asyncio, httpx, sys
async def main():
    async with httpx.AsyncClient(timeout=20) as client:
        answers = await asyncio.gather(*(client.get(f"{sys.argv[1]}/{n}") for n in range(20)))
        print(sorted(a.text for a in answers))
        print((await client.get(sys.argv[1] + "/one")).text)
        print((await client.post(sys.argv[1] + "/two", json={"a": "b"}, params={"q": "x y"})).text)
asyncio.run(main())`,
};

describe.each(Object.entries(PROGRAMS))("%s", (_name, program) => {
  it.each(["https", "http"])("reads and posts over %s", async (scheme) => {
    const { code, output } = await clients.run(python, "-c", program, `${scheme}://${HOST}`);
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
    expect(output).toContain("hello from /one\n");
    expect(output).toMatch(/hello from \/two\?q=x(\+|%20)y\n/);
    const { seen } = scheme === "https" ? upstream : plain;
    expect(seen.at(-1)?.body.replaceAll(" ", "")).toBe('{"a":"b"}');
  });

  it("says that another host is not allowed", async () => {
    const { code, output } = await clients.run(python, "-c", program, "https://evil.example");
    expect(code).not.toBe(0);
    expect(output).toMatch(/403/);
  });
});
