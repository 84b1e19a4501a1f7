import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { once } from "node:events";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { createStandIn, type Seen } from "../../controller/cli/demo/stand-in/server.ts";
import { createServerCertificate } from "../../sidecars/egress/certificates/server-certificate.ts";
import { ensureAgentClient, whyNoAgentClients } from "../integration/egress/clients/agent-clients.ts";
import {
  createScriptedResponses,
  SCRIPTED_WORDS,
  type ScriptedResponses,
} from "../integration/egress/clients/scripted-responses.ts";
import { type ClientWorld, startClientWorld } from "../integration/egress/clients-kit.ts";
import { aSecret, startUpstream, upstreamAuthority, type Upstream } from "../integration/egress/kit.ts";

/** The agents' own CLIs, as they are, behind the proxy and in front of a script. */

const TOKEN = "the-real-token-of-the-model";
const PLACEHOLDER = "egress-placeholder";
const auth = { secretRef: { name: "cred", key: "token" } };
const why = whyNoAgentClients();
if (why !== undefined) console.log(`SKIPPED the agents' CLIs through the proxy: ${why}`);

let clients: ClientWorld;

describe.runIf(why === undefined)("Codex", () => {
  const HOST = "api.openai.com";
  /** what it asks its models of */
  const ACCOUNT_HOST = "chatgpt.com";
  let script: ScriptedResponses;
  let upstream: Upstream;

  async function start(speaks: "WebSocket" | "events alone"): Promise<void> {
    script = createScriptedResponses();
    const upgrade = speaks === "WebSocket" ? { upgrade: script.upgrade } : {};
    upstream = await startUpstream({ answer: script.answer, ...upgrade });
    const methods = ["GET", "POST"];
    clients = await startClientWorld({
      egress: {
        routes: [
          { host: HOST, methods, auth },
          { host: ACCOUNT_HOST, methods },
        ],
      },
      secrets: [aSecret(TOKEN, HOST)],
      overrides: { [`${HOST}:443`]: upstream.port, [`${ACCOUNT_HOST}:443`]: upstream.port },
    });
  }

  afterEach(async () => {
    await clients.close();
    upstream.close();
  });

  async function hello(): Promise<{ readonly output: string }> {
    const program = await ensureAgentClient("codex");
    // a tool that runs at the provider, past the proxy: refused unless the route allows it
    const settings = ["-c", 'web_search="disabled"'];
    const words = ["exec", ...settings, "--json", "--skip-git-repo-check", "hello"];
    return clients.run("env", `CODEX_API_KEY=${PLACEHOLDER}`, program, ...words);
  }

  it("has its answer over WebSocket", async () => {
    await start("WebSocket");
    const started = performance.now();
    const { output } = await hello();
    console.log(`codex exec "hello" over WebSocket: ${Math.round(performance.now() - started)} ms`);
    expect(output).toContain(SCRIPTED_WORDS);
    expect(script.given).toMatchObject({ events: 0 });
    expect(clients.world.audit.map(({ code }) => code)).toContain("WebSocketOpened");
    expect(script.credentials).toEqual([`Bearer ${TOKEN}`]);
  });

  it("has its answer over events from an upstream that speaks no WebSocket", async () => {
    await start("events alone");
    const { output } = await hello();
    expect(output).toContain(SCRIPTED_WORDS);
    expect(script.given.messages).toBe(0);
    expect(new Set(script.credentials)).toEqual(new Set([`Bearer ${TOKEN}`]));
  });
});

describe.runIf(why === undefined)("Claude Code", () => {
  const HOST = "api.anthropic.com";
  let standIn: Server;
  let seen: Seen[];

  beforeEach(async () => {
    seen = [];
    const { certificatePem, privateKeyPem } = createServerCertificate(upstreamAuthority, [HOST]);
    standIn = createStandIn({
      certificate: certificatePem,
      privateKey: privateKeyPem,
      scenes: [{ when: "hello", say: SCRIPTED_WORDS }],
      onSeen: (one) => seen.push(one),
    });
    standIn.listen(0, "127.0.0.1");
    await once(standIn, "listening");
    clients = await startClientWorld({
      egress: { routes: [{ host: HOST, methods: ["GET", "HEAD", "POST"], auth }] },
      secrets: [aSecret(TOKEN, HOST)],
      overrides: { [`${HOST}:443`]: (standIn.address() as AddressInfo).port },
    });
  });

  afterEach(async () => {
    await clients.close();
    standIn.closeAllConnections();
    standIn.close();
  });

  it("has its answer, which came as events", async () => {
    const program = await ensureAgentClient("claude");
    const variables = [
      `CLAUDE_CODE_OAUTH_TOKEN=${PLACEHOLDER}`,
      "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
    ];
    const { code, output } = await clients.run("env", ...variables, program, "-p", "hello");
    expect([code, output.trim()]).toEqual([0, SCRIPTED_WORDS]);
    const asked = seen.filter(({ path }) => path.startsWith("/v1/messages"));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every(({ headers }) => headers["authorization"] === `Bearer ${TOKEN}`)).toBe(true);
    expect(JSON.stringify(seen)).not.toContain(PLACEHOLDER);
  });
});
