import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import type { Binaries } from "./binaries.ts";
import { type ServerProcess, startProcess, until } from "./process.ts";

/** A real Kubernetes API on loopback: etcd and kube-apiserver, nothing that acts on what is stored. */
export interface KubeApiserver {
  readonly url: string;
  /** administrator of the cluster */
  readonly token: string;
  readonly caPem: string;
  readonly kubeconfig: string;
  /** what makes kubectl speak to this cluster, and leave no cache behind */
  readonly kubectlFlags: readonly string[];
  /** one request with a JSON body */
  call(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<KubeAnswer>;
  /** ends both programs and removes their folder */
  stop(): Promise<void>;
}

export interface KubeAnswer {
  readonly status: number;
  // Whatever the API answers: the tests look at a few fields of many kinds.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

/** Starts both programs on free ports with their data in a temporary folder; ready when it returns. */
export async function startKubeApiserver(binaries: Binaries): Promise<KubeApiserver> {
  const folder = mkdtempSync(join(tmpdir(), "bb-kube-"));
  const processes: ServerProcess[] = [];
  const stop = async () => {
    // kube-apiserver first: it does not end while its etcd is gone.
    for (const process of processes.toReversed()) await process.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [etcdPort, peerPort, port] = (await freePorts(3)) as [number, number, number];
    const token = randomBytes(24).toString("hex");
    processes.push(
      startProcess(binaries.etcd, etcdArgv(folder, etcdPort, peerPort), join(folder, "etcd.log")),
    );
    writeIdentity(folder, token);
    const argv = apiserverArgv(folder, etcdPort, port);
    processes.push(startProcess(binaries.kubeApiserver, argv, join(folder, "kube-apiserver.log")));
    return await whenReady({ folder, url: `https://127.0.0.1:${port}`, token, processes, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Starting {
  readonly folder: string;
  readonly url: string;
  readonly token: string;
  readonly processes: readonly ServerProcess[];
  stop(): Promise<void>;
}

async function whenReady({ folder, url, token, processes, stop }: Starting): Promise<KubeApiserver> {
  const readyz = async () => {
    processes.forEach((process) => process.assertAlive());
    return isReady(url, token);
  };
  await until(readyz, 60_000, "kube-apiserver to be ready");

  const caPem = readFileSync(join(folder, "apiserver.crt"), "utf8");
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigOf(url, token, caPem), { mode: 0o600 });
  const dispatcher = new Agent({ connect: { ca: caPem } });
  return {
    url,
    token,
    caPem,
    kubeconfig,
    kubectlFlags: [`--kubeconfig=${kubeconfig}`, `--cache-dir=${join(folder, "kubectl")}`],
    async call(method, path, body) {
      const answer = await request(url + path, {
        method,
        dispatcher,
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status: answer.statusCode, body: await answer.body.json() };
    },
    async stop() {
      await dispatcher.destroy();
      await stop();
    },
  };
}

/** Before there is a certificate to pin; the token goes to whatever listens on a port that we chose on loopback. */
async function isReady(url: string, token: string): Promise<boolean> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const headers = { authorization: `Bearer ${token}` };
    const { statusCode, body } = await request(`${url}/readyz`, { dispatcher, headers });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false; // not listening yet
  } finally {
    await dispatcher.destroy();
  }
}

function etcdArgv(folder: string, port: number, peerPort: number): string[] {
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  return [
    ...["--data-dir", join(folder, "etcd"), "--unsafe-no-fsync"],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
    ...["--initial-cluster", `default=${peer}`],
  ];
}

function apiserverArgv(folder: string, etcdPort: number, port: number): string[] {
  const key = join(folder, "service-accounts.pem");
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${folder}`,
    `--token-auth-file=${join(folder, "tokens.csv")}`,
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    "--service-cluster-ip-range=10.96.0.0/16",
    "--enable-priority-and-fairness=false",
  ];
}

function writeIdentity(folder: string, token: string): void {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "sec1", format: "pem" });
  writeFileSync(join(folder, "service-accounts.pem"), pem, { mode: 0o600 });
  writeFileSync(join(folder, "tokens.csv"), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
}

function kubeconfigOf(server: string, token: string, caPem: string): string {
  const cluster = { server, "certificate-authority-data": Buffer.from(caPem).toString("base64") };
  // JSON is YAML.
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
