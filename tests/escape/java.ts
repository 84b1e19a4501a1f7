import { chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProvisionedFile } from "../../reconcilers/contract/sandbox-runtime.ts";
import { JAVA_TRUST_STORE_PATH } from "../../reconcilers/shared/agent-paths.ts";
import { basename, dirname } from "node:path/posix";
import type { EscapeBottle, Weakening } from "./escape-bottle.ts";

const HOMES = "/usr/lib/jvm";
/** what is a link out of a JDK of Debian's leads there */
const DEBIAN_CONFIGURATION = /^java-\d+-openjdk$/;

/** The JDKs of this machine. The product's images have none. */
export function javaHomes(): string[] {
  if (!existsSync(HOMES)) return [];
  return readdirSync(HOMES)
    .map((name) => join(HOMES, name))
    .filter((home) => !lstatSync(home).isSymbolicLink() && existsSync(join(home, "bin/java")));
}

/** What a Java program finds: the JDK itself, and what a bottle's agent is provisioned with. */
export interface JavaMaterial {
  readonly home: string;
  readonly files: readonly ProvisionedFile[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Runs one source of tests/escape/clients in a sandbox beside the agent, in the same network namespace, and returns the
 * JSON that it printed. It is made as the agent is, but for the JDK, which is this machine's own.
 */
export async function runJava(
  bottle: EscapeBottle,
  { home, files, environment }: JavaMaterial,
  source: string,
  argv: readonly string[],
): Promise<unknown> {
  const folder = mkdtempSync("/tmp/bb-java-");
  chmodSync(folder, 0o755);
  const trust = files.find(({ path }) => path === JAVA_TRUST_STORE_PATH);
  if (trust === undefined) throw new Error("Java would trust nothing");
  writeFileSync(join(folder, basename(trust.path)), Buffer.from(trust.content, trust.encoding));
  const configurations = readdirSync("/etc").filter((name) => DEBIAN_CONFIGURATION.test(name));
  const withJava: Weakening = (options) => {
    options.Env = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const binds = [
      `${folder}:${dirname(trust.path)}:ro`,
      `${home}:${home}:ro`,
      `${join(import.meta.dirname, "clients")}:/clients:ro`,
      ...configurations.map((name) => `/etc/${name}:/etc/${name}:ro`),
    ];
    Object.assign(options.HostConfig, { Binds: binds });
  };
  try {
    const program = [join(home, "bin/java"), `/clients/${source}`, ...argv];
    return await bottle.lab.attackWeakened(bottle, "agent", withJava, program);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
