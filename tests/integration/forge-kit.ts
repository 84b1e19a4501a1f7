import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { IncomingMessage } from "node:http";
import { vi } from "vitest";
import { readHostKey } from "../../controller/cli/git/host-key.ts";
import { createSshKey } from "../../controller/ssh-keys.ts";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { createServerCertificate } from "../../sidecars/egress/certificates/server-certificate.ts";
import { ensureForge } from "./forge/binary.ts";
import { aFreePort } from "./git-sshd.ts";

/** A deploy key as the forge shows it. */
export interface KeyAtForge {
  readonly id: number;
  readonly title: string;
  readonly read_only: boolean;
}

/** A real Gitea on loopback with one user, who owns every repository. */
export interface Forge {
  readonly url: string;
  /** PEM of who signed its certificate */
  readonly caBundle: string;
  /** line of known_hosts of its ssh server */
  readonly knownHost: string;
  /** may do everything */
  readonly token: string;
  readonly owner: string;
  /** a repository with one commit; returns its ssh URL */
  createRepository(name: string): Promise<string>;
  keysOf(repository: string): Promise<KeyAtForge[]>;
  addKey(repository: string, title: string): Promise<void>;
  call(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }>;
  /** nobody can connect any more */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** stops it and removes its files */
  close(): Promise<void>;
}

const OWNER = "owner";

/** Starts one, in two seconds once it is built. */
export async function startForge(): Promise<Forge> {
  const { program, texts } = ensureForge();
  const folder = mkdtempSync("/tmp/bb-forge-");
  const [port, sshPort] = [await aFreePort(), await aFreePort()];
  const url = `https://127.0.0.1:${port}`;
  const authority = createCertificateAuthority({ commonName: "a forge", now: new Date(), days: 2 });
  const server = createServerCertificate(authority, ["127.0.0.1"]);
  writeFileSync(join(folder, "cert.pem"), server.certificatePem);
  writeFileSync(join(folder, "key.pem"), server.privateKeyPem);
  mkdirSync(join(folder, "home"));
  const config = join(folder, "app.ini");
  writeFileSync(config, settings({ folder, texts, port, sshPort, url }));
  const environment = { PATH: process.env["PATH"], HOME: join(folder, "home"), GITEA_WORK_DIR: folder };
  const admin = (...words: string[]): string =>
    execFileSync(program, ["-c", config, ...words], { env: environment, encoding: "utf8", stdio: "pipe" });
  admin("migrate");
  const user = ["--username", OWNER, "--password", "Of-a-test-1", "--email", "owner@example.com", "--admin"];
  const made = admin("admin", "user", "create", ...user, "--access-token", "--access-token-scopes", "all");
  const token = /\b[0-9a-f]{40}\b/.exec(made)?.[0];
  if (token === undefined) throw new Error(`Gitea made no token: ${made}`);

  const call: Forge["call"] = async (method, path, body) => {
    const sent = request(`${url}/api/v1${path}`, {
      method,
      ca: authority.certificatePem,
      agent: false,
      timeout: 20_000,
      headers: { authorization: `token ${token}`, "content-type": "application/json" },
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    const said = await text(answer);
    return { status: answer.statusCode ?? 0, body: said === "" ? undefined : (JSON.parse(said) as unknown) };
  };
  const must = async (...asked: Parameters<Forge["call"]>): Promise<unknown> => {
    const { status, body } = await call(...asked);
    if (status >= 300) throw new Error(`${asked[0]} ${asked[1]}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  let running: ReturnType<typeof spawn> | undefined;
  const start = async (): Promise<void> => {
    running = spawn(program, ["-c", config, "web"], { env: environment, stdio: "ignore" });
    await vi.waitFor(() => must("GET", "/version"), { timeout: 30_000, interval: 100 });
  };
  const stop = async (): Promise<void> => {
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, "exit");
    running.kill("SIGTERM");
    await ended;
  };
  await start();
  const hostKey = await readHostKey({ host: "127.0.0.1", port: sshPort }, ["ed25519", "rsa"], 10_000);
  const hostKeyType = hostKey.subarray(4, 4 + hostKey.readUInt32BE()).toString();
  return {
    ...{ url, token, owner: OWNER, caBundle: authority.certificatePem, call, start, stop },
    knownHost: `[127.0.0.1]:${sshPort} ${hostKeyType} ${hostKey.toString("base64")}`,
    async createRepository(name) {
      await must("POST", "/user/repos", { name, auto_init: true, default_branch: "main" });
      return `ssh://git@127.0.0.1:${sshPort}/${OWNER}/${name}.git`;
    },
    async keysOf(repository) {
      const all: KeyAtForge[] = [];
      for (let page = 1; ; page++) {
        const keys = await must("GET", `/repos/${OWNER}/${repository}/keys?page=${page}`);
        if ((keys as KeyAtForge[]).length === 0) return all;
        all.push(...(keys as KeyAtForge[]));
      }
    },
    async addKey(repository, title) {
      const { publicKey } = createSshKey();
      await must("POST", `/repos/${OWNER}/${repository}/keys`, { title, key: publicKey, read_only: true });
    },
    async close() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function settings(of: {
  readonly folder: string;
  readonly texts: string;
  readonly port: number;
  readonly sshPort: number;
  readonly url: string;
}): string {
  return `
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = ${of.folder}
RUN_MODE = prod
[server]
PROTOCOL = https
CERT_FILE = ${of.folder}/cert.pem
KEY_FILE = ${of.folder}/key.pem
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${of.port}
ROOT_URL = ${of.url}/
STATIC_ROOT_PATH = ${of.texts}
START_SSH_SERVER = true
BUILTIN_SSH_SERVER_USER = git
SSH_LISTEN_HOST = 127.0.0.1
SSH_LISTEN_PORT = ${of.sshPort}
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
[security]
INSTALL_LOCK = true
[log]
MODE = console
LEVEL = error
[api]
MAX_RESPONSE_ITEMS = 3
[cron]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
`;
}
