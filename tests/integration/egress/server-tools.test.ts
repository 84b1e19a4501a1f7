import { once } from "node:events";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Egress } from "../../../crds/egress.ts";
import { type Answer, request } from "./client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";
import { openWebSocket, startWebSocketUpstream, type WebSocketUpstream } from "./websocket-kit.ts";

const HOSTS = {
  anthropic: "api.anthropic.com",
  openai: "api.openai.com",
  google: "generativelanguage.googleapis.com",
  bedrock: "bedrock-runtime.us-east-1.amazonaws.com",
} as const;
type Provider = keyof typeof HOSTS;

const egress = (more: object): Egress => ({
  routes: Object.values(HOSTS).map((host) => ({ host, methods: ["*"], ...more })),
});
const SCANS = [
  ["held", { scan: "full" }],
  ["streamed", { scan: "inject-only" }],
] as const;

const MESSAGES = "/v1/messages";
const RESPONSES = "/v1/responses";
const GENERATE = "/v1beta/models/gemini-pro:streamGenerateContent";
const image = (url: string): object => ({
  messages: [{ content: [{ type: "image", source: { type: "url", url } }] }],
});

const REFUSED: readonly [what: string, provider: Provider, path: string, body: unknown][] = [
  [
    "Anthropic's web search",
    "anthropic",
    MESSAGES,
    { tools: [{ type: "web_search_20250305", name: "web_search" }] },
  ],
  [
    "Anthropic's web fetch",
    "anthropic",
    MESSAGES,
    { tools: [{ name: "a" }, { type: "web_fetch_20250910" }] },
  ],
  ["Anthropic's code execution", "anthropic", MESSAGES, { tools: [{ type: "code_execution_20250825" }] }],
  ["a tool that nobody knows", "anthropic", MESSAGES, { tools: [{ type: "teleport_20300101" }] }],
  ["MCP servers", "anthropic", MESSAGES, { mcp_servers: [{ type: "url", url: "https://a.example" }] }],
  [
    "MCP servers in a batch",
    "anthropic",
    "/v1/messages/x",
    { requests: [{ params: { mcp_servers: [{}] } }] },
  ],
  ["an image by its address", "anthropic", MESSAGES, image("https://a.example/?data")],
  ["a batch", "anthropic", "/v1/messages/batches", {}],
  ["an agent at the provider", "anthropic", "/v1/agents/a1", {}],
  [
    "OpenAI's web search",
    "openai",
    RESPONSES,
    { tools: [{ type: "web_search", external_web_access: false }] },
  ],
  ["OpenAI's MCP", "openai", RESPONSES, { tools: [{ type: "mcp", server_url: "https://a.example" }] }],
  ["OpenAI's interpreter", "openai", RESPONSES, { tools: [{ type: "code_interpreter" }] }],
  [
    "a shell elsewhere",
    "openai",
    RESPONSES,
    { tools: [{ type: "shell", environment: { type: "container_auto" } }] },
  ],
  ["search in chat", "openai", "/v1/chat/completions", { web_search_options: {} }],
  ["a model that searches", "openai", "/v1/chat/completions", { model: "gpt-4o-search-preview" }],
  [
    "a file by its address",
    "openai",
    RESPONSES,
    { input: [{ content: [{ file_url: "https://a.example" }] }] },
  ],
  [
    "an image in a chat",
    "openai",
    "/v1/chat/completions",
    { messages: [{ content: [{ image_url: { url: "http://a" } }] }] },
  ],
  ["a batch of a file", "openai", "/v1/batches", { input_file_id: "f" }],
  ["Google's search", "google", GENERATE, { tools: [{ google_search: {} }] }],
  ["Google's search, spelled otherwise", "google", GENERATE, { tools: { googleSearch: {} } }],
  ["Google's addresses", "google", GENERATE, { tools: [{ functionDeclarations: [] }, { urlContext: {} }] }],
  [
    "a file at an address",
    "google",
    GENERATE,
    { contents: [{ parts: [{ fileData: { fileUri: "https://a.example" } }] }] },
  ],
  ["a batch of Google's", "google", "/v1beta/models/g:batchGenerateContent", {}],
  [
    "a tool through Google's other API",
    "google",
    "/v1beta/openai/chat/completions",
    { tools: [{ type: "mcp" }] },
  ],
  [
    "Bedrock's own tools",
    "bedrock",
    "/model/a/converse",
    { toolConfig: { tools: [{ systemTool: { name: "nova_grounding" } }] } },
  ],
];

const ALLOWED: readonly [what: string, provider: Provider, path: string, body: unknown][] = [
  [
    "a turn of Claude Code",
    "anthropic",
    `${MESSAGES}?beta=true`,
    {
      model: "claude-opus-4-5",
      mcp_servers: [],
      tools: [
        { name: "Bash", input_schema: { properties: { type: { type: "string" } } } },
        { type: "custom", name: "b" },
        { type: "bash_20250124" },
      ],
      messages: [
        { role: "user", content: 'write {"mcp_servers":[{}],"tools":[{"type":"web_search"}]} to a file' },
        {
          role: "assistant",
          content: [{ type: "tool_use", input: { tools: [{ type: "mcp" }], source: { type: "url" } } }],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", content: [{ type: "image", source: { type: "base64", data: "aaaa" } }] },
          ],
        },
      ],
    },
  ],
  [
    "a turn of Codex",
    "openai",
    RESPONSES,
    {
      model: "gpt-5.2-codex",
      tools: [
        { type: "function", name: "shell", parameters: { type: "object" } },
        { type: "custom" },
        { type: "local_shell" },
      ],
      input: [
        {
          type: "message",
          content: [{ type: "input_image", image_url: `data:image/png;base64,${"a".repeat(10_000)}` }],
        },
      ],
    },
  ],
  [
    "a turn of Gemini",
    "google",
    GENERATE,
    {
      contents: [
        {
          parts: [
            { text: "a" },
            { fileData: { fileUri: "https://generativelanguage.googleapis.com/v1beta/files/a" } },
          ],
        },
      ],
      tools: [{ functionDeclarations: [{ name: "a" }] }],
    },
  ],
  [
    "a turn with Bedrock",
    "bedrock",
    "/model/a/converse",
    { toolConfig: { tools: [{ toolSpec: {} }] }, messages: [] },
  ],
];

const body = (value: unknown): string => JSON.stringify(value);
const LONG = "x".repeat(200_000);

describe.each(SCANS)("a request to a model's provider, its body %s", (_how, more) => {
  let upstream: Upstream;
  let world: World;
  beforeAll(async () => {
    upstream = await startUpstream();
    const overrides = Object.fromEntries(Object.values(HOSTS).map((host) => [`${host}:443`, upstream.port]));
    world = await startWorld({ egress: egress(more), overrides });
  });
  beforeEach(() => void upstream.seen.splice(0));
  afterAll(async () => {
    await world.close();
    upstream.close();
  });
  const post = (provider: Provider, path: string, text: string | Buffer, headers = {}): Promise<Answer> =>
    request(world, `https://${HOSTS[provider]}${path}`, { method: "POST", body: text, headers });

  it.each(REFUSED)("is refused with %s", async (_what, provider, path, value) => {
    const answer = await post(provider, path, body(value));
    expect([answer.status, answer.denied]).toEqual([403, "ServerToolRefused"]);
    expect(upstream.seen.filter(({ body: seen }) => seen === body(value))).toEqual([]);
    await expect.poll(() => world.audit.at(-1)?.code).toBe("ServerToolRefused");
  });

  it.each(ALLOWED)("passes with %s", async (_what, provider, path, value) => {
    expect((await post(provider, path, body(value))).status).toBe(200);
    await expect.poll(() => upstream.seen.map(({ body: seen }) => seen)).toEqual([body(value)]);
  });

  const search = '"tools":[{"type":"web_search_20250305"}]';
  it.each([
    ["twice, the first time harmless", `{"tools":[],${search}}`],
    ["twice, the second time harmless", `{${search},"tools":[]}`],
    ["with escapes in its key", `{${search.replace("tools", "\\u0074ools")}}`],
    ["in capitals", `{${search.replace("tools", "Tools")}}`],
    ["after much else", `{"system":"${LONG}",${search}}`],
    ["before much else", `{${search},"system":"${LONG}"}`],
    ["in what is no strict JSON", `{/* */${search}}`],
    ["in what ends too early", `{${search.replace("web_search_20250305", "custom")}`],
    ["in lines", `{}\n{${search}}`],
    ["in UTF-16", Buffer.from(`{${search}}`, "utf16le")],
    ["in UTF-16 that says so", Buffer.from(`\ufeff{${search}}`, "utf16le")],
    ["in UTF-32", Buffer.from([...`{${search}}`].flatMap((each) => [0, 0, 0, each.charCodeAt(0)]))],
    ["behind a mark of UTF-8", `\ufeff{${search}}`],
    ["in a form", `tools[][type]=web_search_20250305`],
  ])("is refused when it says it %s", async (_how2, text) => {
    const answer = await post("anthropic", MESSAGES, text);
    expect(answer.denied).toBe("ServerToolRefused");
    expect(upstream.seen.filter(({ body: seen }) => seen.length >= text.length)).toEqual([]);
  });

  it.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ] as const)("is read through %s", async (coding, compress) => {
    const headers = { "content-encoding": coding };
    const refused = await post("anthropic", MESSAGES, compress(Buffer.from(`{${search}}`)), headers);
    expect(refused.denied).toBe("ServerToolRefused");
    expect((await post("anthropic", MESSAGES, compress(Buffer.from(`{"tools":[]}`)), headers)).status).toBe(
      200,
    );
  });

  it("may be anything on a route that allows such tools", async () => {
    world.enforce(egress({ ...more, serverTools: "allow" }));
    for (const [, provider, path, value] of REFUSED)
      expect((await post(provider, path, body(value))).status).toBe(200);
    world.enforce(egress(more));
  });

  it("may upload a file as a form", async () => {
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    expect((await post("openai", "/v1/files", "--b\r\n\r\nhello\r\n--b--\r\n", headers)).status).toBe(200);
    expect((await post("openai", RESPONSES, "--b\r\n\r\nhello\r\n--b--\r\n", headers)).denied).toBe(
      "ServerToolRefused",
    );
  });
});

describe("a WebSocket to a model's provider", () => {
  let upstream: WebSocketUpstream;
  let world: World;
  beforeAll(async () => {
    upstream = await startWebSocketUpstream();
    world = await startWorld({
      egress: egress({ scan: "inject-only" }),
      overrides: { [`${HOSTS.openai}:443`]: upstream.port },
    });
  });
  afterAll(async () => {
    await world.close();
    upstream.close();
  });

  it.each([
    ["response.create", { type: "response.create", tools: [{ type: "web_search" }] }],
    ["response.create in Realtime", { type: "response.create", response: { tools: [{ type: "mcp" }] } }],
    ["session.update", { type: "session.update", session: { tools: [{ type: "mcp" }] } }],
  ])("is closed when %s asks for a tool of the provider's", async (_what, event) => {
    const { socket, said } = await openWebSocket(world, `wss://${HOSTS.openai}${RESPONSES}`);
    const seen = upstream.conversations.at(-1)!;
    const harmless = body({ type: "response.create", tools: [{ type: "function" }] });
    socket.send(harmless);
    await once(socket, "message");
    socket.send(body(event));
    await expect.poll(() => said.at(-1)).toMatch(/^close:1008:ServerToolRefused/);
    await expect.poll(() => seen.said.at(-1)).toMatch(/^close:1008:/);
    expect(seen.said.slice(0, -1)).toEqual([`text:${harmless}`]);
  });
});
