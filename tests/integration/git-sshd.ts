import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { userInfo } from "node:os";
import { join } from "node:path";

const SSHD = "/usr/sbin/sshd";

/** A real OpenSSH server of this machine that lets one key in. */
export interface Sshd {
  readonly port: number;
  readonly user: string;
  /** its line of known_hosts */
  readonly knownHost: string;
  /** the key that it lets in */
  readonly privateKey: string;
  /** logins so far */
  logins(): number;
  start(): Promise<void>;
  /** nobody can connect any more, and who is connected is cut off */
  stop(): Promise<void>;
  /** processes that serve who is logged in */
  sessions(): number[];
  /** another one; for who logs in after the next start */
  changeHostKey(): void;
}

/** A fresh key pair in `folder`, the private half with `folder/NAME` as its file. */
export function aKey(folder: string, name: string, passphrase = ""): { private: string; public: string } {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", file]);
  const [type, body] = readFileSync(`${file}.pub`, "utf8").split(" ");
  return { private: readFileSync(file, "utf8"), public: `${type} ${body}` };
}

/** Starts one with its files in `folder`. */
export async function startSshd(folder: string, address = "127.0.0.1"): Promise<Sshd> {
  if (!existsSync(SSHD))
    throw new Error(`these tests need ${SSHD}: \`node tests/project/install-tools.ts\` says how to get it`);
  // sshd wants it as root, and systemd makes it elsewhere
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  const port = await aFreePort();
  const host = aKey(folder, "host-key");
  const client = aKey(folder, "client-key");
  writeFileSync(join(folder, "authorized_keys"), `${client.public}\n`);
  const config = join(folder, "sshd_config");
  const settings = {
    Port: port,
    ListenAddress: address,
    HostKey: join(folder, "host-key"),
    AuthorizedKeysFile: join(folder, "authorized_keys"),
    PidFile: "none",
    // as forges do
    AcceptEnv: "GIT_PROTOCOL",
    // whoever runs the tests may have a shell that takes long to start
    SetEnv: `HOME=${folder}`,
    StrictModes: "no",
    UsePAM: "no",
    PasswordAuthentication: "no",
    LogLevel: "INFO",
    MaxStartups: "100",
  };
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value}\n`)
      .join(""),
  );
  let listener: ChildProcess | undefined;
  let logins = 0;
  const sshd: Sshd = {
    port,
    user: userInfo().username,
    knownHost: `[${address}]:${port} ${host.public}`,
    privateKey: client.private,
    logins: () => logins,
    sessions: () => sessionsOf(listener?.pid),
    changeHostKey() {
      for (const name of ["host-key", "host-key.pub"]) rmSync(join(folder, name));
      aKey(folder, "host-key");
    },
    async start() {
      const child = spawn(SSHD, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
      listener = child;
      const listening = Promise.withResolvers<void>();
      createInterface({ input: child.stderr }).on("line", (line) => {
        if (line.includes("Server listening")) listening.resolve();
        if (line.startsWith("Accepted publickey")) logins += 1;
      });
      child.once("exit", () => listening.reject(new Error("sshd did not start")));
      await listening.promise;
    },
    async stop() {
      if (listener === undefined || listener.exitCode !== null || listener.signalCode !== null) return;
      const ended = once(listener, "exit");
      for (const session of sshd.sessions()) endSession(session);
      listener.kill("SIGTERM");
      await ended;
    },
  };
  await sshd.start();
  return sshd;
}

/** It may have ended by itself since it was looked for. */
function endSession(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Every process under another. */
function sessionsOf(pid: number | undefined): number[] {
  let children: number[] = [];
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number);
  } catch {
    // it has ended by now
  }
  return children.flatMap((child) => [child, ...sessionsOf(child)]);
}

/** A port of loopback that nothing listens on now. */
export async function aFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
