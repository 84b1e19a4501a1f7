import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConnection, type Connection } from "../../controller/state-folder.ts";
import { aBb, run, type Bb } from "./cli-kit.ts";

let bb: Bb;
let connection: Connection;
beforeAll(async () => {
  bb = aBb();
  expect((await bb(["up"])).code).toBe(0);
  const written = readConnection(bb.stateDir);
  if (written === undefined) throw new Error("the control plane wrote no connection");
  connection = written;
});
afterAll(() => bb.end());

async function scrape(token: string | undefined): Promise<{ answer: IncomingMessage; body: string }> {
  const sent = request(new URL("/metrics", connection.url), {
    ca: connection.caPem,
    agent: false,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  sent.end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return { answer, body: await text(answer) };
}

describe("GET /metrics of the control plane", () => {
  it("gives who has the token all families, in the form that Prometheus reads", async () => {
    const { answer, body } = await scrape(connection.token);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(body).toMatch(/^# TYPE bot_bottle_git_operations counter$/m);
    expect(body).toMatch(/^# TYPE bot_bottle_git_operation_duration_seconds histogram$/m);
    expect(body).toMatch(/^# TYPE bot_bottle_egress_requests counter$/m);
    expect(body).toMatch(/\n# EOF\n$/);
  });

  it("tells nobody else anything", async () => {
    const { answer, body } = await scrape(undefined);
    expect(answer.statusCode).toBe(401);
    expect(body).not.toContain("bot_bottle_");
  });

  it("is read by kubectl, too", async () => {
    const { code, stdout } = await run(["kubectl", "get", "--raw", "/metrics"], {
      environment: { KUBECONFIG: join(bb.stateDir, "kubeconfig") },
    });
    expect([code, stdout.endsWith("# EOF\n")]).toEqual([0, true]);
  });
});
