import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { createCertificateAuthority } from "../../../sidecars/egress/certificates/authority.ts";
import { createServerCertificate } from "../../../sidecars/egress/certificates/server-certificate.ts";
import { ensureAgentClient, whyNoAgentClients } from "../../integration/egress/clients/agent-clients.ts";
import {
  createScriptedResponses,
  SCRIPTED_WORDS,
} from "../../integration/egress/clients/scripted-responses.ts";
import type { Floors } from "./floors.ts";
import { type OurProxy, startProxy, type World } from "./world.ts";

const HOSTS = ["api.openai.com", "chatgpt.com"];
const MOST_SECONDS = 2;
const SETTINGS = ["-c", 'web_search="disabled"'];

/** How long a whole `codex exec "hello"` takes over WebSocket, from its start to its end; the script answers at once. */
export async function measureCodex(
  world: World,
  { rounds, floors }: { rounds: number; floors: Floors },
): Promise<void> {
  console.log('\nCodex over WebSocket, a whole `exec "hello"` against a script');
  const why = whyNoAgentClients();
  const seconds = why === undefined ? await fastest(world, rounds) : undefined;
  floors.judge({
    what: "from its start to its end",
    value: seconds,
    bound: MOST_SECONDS,
    is: "at most",
    unit: "s",
    ...(why === undefined ? {} : { because: why }),
  });
}

async function fastest(world: World, rounds: number): Promise<number> {
  const authority = createCertificateAuthority({ commonName: "codex", now: new Date(), days: 1 });
  const { certificatePem, privateKeyPem } = createServerCertificate(authority, HOSTS);
  const script = createScriptedResponses();
  const upstream = createServer({ cert: certificatePem, key: privateKeyPem }, script.answer);
  upstream.on("upgrade", script.upgrade).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = upstream.address() as AddressInfo;
  const ours = await startProxy(world, {
    called: "codex",
    policy: { egress: { routes: HOSTS.map((host) => ({ host, methods: ["GET", "POST"] })) } },
    resolve: HOSTS.map((host) => `${host}:443=127.0.0.1:${port}`),
    upstreamCa: authority.certificatePem,
  });
  const program = await ensureAgentClient("codex");
  let seconds = Infinity;
  for (let round = 0; round < rounds; round += 1) {
    seconds = Math.min(seconds, await sayHello(world, ours, program));
  }
  upstream.closeAllConnections();
  upstream.close();
  if (script.given.messages === 0) throw new Error("Codex did not ask over WebSocket");
  return seconds;
}

async function sayHello({ children, folder }: World, ours: OurProxy, program: string): Promise<number> {
  const proxy = `http://127.0.0.1:${ours.port}`;
  // below a temporary folder it refuses to place its helpers
  const home = join(homedir(), ".cache", "bot-bottle-bench", "codex-home");
  mkdirSync(home, { recursive: true });
  const started = performance.now();
  const child = children.spawn(program, ["exec", ...SETTINGS, "--skip-git-repo-check", "hello"], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      CODEX_HOME: home,
      CODEX_API_KEY: "egress-placeholder",
      CODEX_CA_CERTIFICATE: join(folder, "codex-ca.pem"),
      HTTPS_PROXY: proxy,
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  child.stdout!.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(child, "close");
  const seconds = (performance.now() - started) / 1_000;
  if (!said.includes(SCRIPTED_WORDS)) throw new Error(`Codex did not say what the script says: ${said}`);
  return seconds;
}
