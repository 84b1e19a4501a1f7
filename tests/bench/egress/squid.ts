import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, globSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { createCertificateAuthority } from "../../../sidecars/egress/certificates/authority.ts";
import { type Children, freePort, untilListening } from "./children.ts";

/** Squid's own, and those of its libraries that a Debian without it may lack. */
const PACKAGES = [
  "squid-openssl",
  "squid-common",
  "squid-langpack",
  "libecap3",
  "libltdl7",
  "libtdb1",
  "libnetfilter-conntrack3",
];
/** Squid gives root up, and only to a user that it is told */
const UNPRIVILEGED = "nobody";

interface Program {
  readonly root: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface RunningProxy {
  readonly port: number;
  readonly ca: string;
  readonly pid: number;
}

/** Debian's Squid with ssl-bump on loopback: opens TLS for every host, verifies the upstream, caches nothing. */
export async function startSquid(
  children: Children,
  { folder, hosts, upstreamCa }: { folder: string; hosts: readonly string[]; upstreamCa: string },
): Promise<RunningProxy> {
  const port = await freePort();
  const home = join(folder, "squid");
  mkdirSync(home);
  const program = unpackSquid(join(home, "root"));
  const authority = createCertificateAuthority({ commonName: "squid", now: new Date(), days: 1 });
  writeFileSync(join(home, "ca.pem"), `${authority.certificatePem}\n${authority.privateKeyPem}`);
  writeFileSync(join(home, "upstream.pem"), upstreamCa);
  writeFileSync(join(home, "hosts"), hosts.map((host) => `127.0.0.1 ${host}\n`).join(""));
  writeFileSync(join(home, "squid.conf"), configuration(program.root, { home, port }));
  makeCertificateStore(program, home);
  if (process.getuid?.() === 0) {
    chmodSync(folder, 0o711);
    checked("chown", ["-R", UNPRIVILEGED, home]);
  }
  const child = children.spawn(join(program.root, "usr/sbin/squid"), ["-N", "-f", join(home, "squid.conf")], {
    env: program.environment,
    stdio: ["ignore", "ignore", "inherit"],
  });
  await untilListening(port, `squid (${home}/cache.log says why)`);
  return { port, ca: authority.certificatePem, pid: child.pid ?? 0 };
}

function configuration(root: string, { home, port }: { home: string; port: number }): string {
  const lines = [
    `http_port 127.0.0.1:${port} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=4MB tls-cert=${home}/ca.pem`,
    `sslcrtd_program ${root}/usr/lib/squid/security_file_certgen -s ${home}/certificates -M 4MB`,
    "sslcrtd_children 1 startup=1",
    "acl hello at_step SslBump1",
    "ssl_bump peek hello",
    "ssl_bump bump all",
    `tls_outgoing_options cafile=${home}/upstream.pem`,
    "http_access allow all",
    "cache deny all",
    "cache_mem 0 MB",
    "memory_pools off",
    "access_log none",
    "cache_store_log none",
    `cache_log ${home}/cache.log`,
    `pid_filename ${home}/squid.pid`,
    `coredump_dir ${home}`,
    `hosts_file ${home}/hosts`,
    "dns_nameservers 127.0.0.1",
    "pinger_enable off",
    `unlinkd_program ${root}/usr/lib/squid/unlinkd`,
    `mime_table ${root}/usr/share/squid/mime.conf`,
    `icon_directory ${root}/usr/share/squid/icons`,
    `error_directory ${root}/usr/share/squid/errors/templates`,
    "shutdown_lifetime 0 seconds",
    `cache_effective_user ${process.getuid?.() === 0 ? UNPRIVILEGED : userInfo().username}`,
  ];
  return `${lines.join("\n")}\n`;
}

function makeCertificateStore({ root, environment }: Program, home: string): void {
  const argv = ["-c", "-s", join(home, "certificates"), "-M", "4MB"];
  checked(join(root, "usr/lib/squid/security_file_certgen"), argv, { env: environment });
}

/**
 * Debian's packages, kept in the user's cache and unpacked for this run alone: installed as packages are, Squid would be
 * started, and again with every start of the machine.
 */
function unpackSquid(root: string): Program {
  const kept = join(homedir(), ".cache", "bot-bottle-bench", "squid-openssl");
  if (!existsSync(kept)) fetchPackages(kept);
  mkdirSync(root);
  for (const file of globSync("*.deb", { cwd: kept })) checked("dpkg", ["-x", join(kept, file), root]);
  const libraries = globSync("usr/lib/*-linux-gnu", { cwd: root }).map((path) => join(root, path));
  const program = { root, environment: { ...process.env, LD_LIBRARY_PATH: libraries.join(":") } };
  checked(join(root, "usr/sbin/squid"), ["-v"], { env: program.environment });
  return program;
}

function fetchPackages(folder: string): void {
  console.log("fetching Debian's squid-openssl ...");
  const beside = `${folder}.${process.pid}`;
  mkdirSync(beside, { recursive: true });
  checked("apt-get", ["-qq", "-o", "APT::Sandbox::User=root", "download", ...PACKAGES], { cwd: beside });
  renameSync(beside, folder);
}

function checked(
  command: string,
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): void {
  const { status, stderr, error } = spawnSync(command, argv, { ...options, encoding: "utf8" });
  if (status === 0) return;
  throw new Error(`${command} ${argv.join(" ")} failed: ${error?.message ?? stderr.trim()}`);
}
