import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Children, freePort, untilListening } from "./children.ts";
import type { RunningProxy } from "./squid.ts";

/** Debian's mitmproxy. Clients name a host that no resolver knows, so it is told where that is. */
export async function startMitmproxy(
  children: Children,
  { folder, upstreamCa }: { folder: string; upstreamCa: string },
): Promise<RunningProxy> {
  ensureMitmproxy();
  const port = await freePort();
  const addon = join(folder, "redirect.py");
  const lines = [
    "def server_connect(data):",
    '    data.server.address = ("127.0.0.1", data.server.address[1])',
    "",
  ];
  writeFileSync(addon, lines.join("\n"));
  const roots = join(folder, "mitmproxy-upstream.pem");
  writeFileSync(roots, upstreamCa);
  const home = join(folder, "mitmproxy");
  const settings = [`confdir=${home}`, "connection_strategy=lazy", `ssl_verify_upstream_trusted_ca=${roots}`];
  const argv = ["-q", "-p", `${port}`, "--listen-host", "127.0.0.1", "-s", addon];
  const child = children.spawn("mitmdump", [...argv, ...settings.flatMap((one) => ["--set", one])]);
  await untilListening(port, "mitmproxy");
  return { port, ca: readFileSync(join(home, "mitmproxy-ca-cert.pem"), "utf8"), pid: child.pid ?? 0 };
}

function ensureMitmproxy(): void {
  if (spawnSync("mitmdump", ["--version"]).status === 0) return;
  if (process.getuid?.() !== 0) throw new Error("mitmproxy is not installed: apt-get install mitmproxy");
  console.log("installing Debian's mitmproxy ...");
  const { status } = spawnSync("apt-get", ["install", "-y", "-qq", "mitmproxy"], { stdio: "ignore" });
  if (status !== 0 || !existsSync("/usr/bin/mitmdump")) throw new Error("apt-get install mitmproxy failed");
}
