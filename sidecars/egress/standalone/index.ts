import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { isIP, type AddressInfo } from "node:net";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createAuditLog, NO_AUDIT, type AuditLog } from "../audit-log.ts";
import { createCertificateAuthority } from "../certificates/authority.ts";
import { systemClock } from "../../shared/clock.ts";
import { EgressProxy } from "../egress-proxy.ts";
import { createEnforcement } from "../enforcement.ts";
import { type Authority, formatAuthority, normaliseAuthority } from "../request/authority.ts";
import { createTrust } from "../upstream/connector.ts";
import { systemResolve } from "../upstream/resolve.ts";
import { openAuditFile } from "./audit-file.ts";
import { readPolicyFile } from "./policy-file.ts";
import { StandaloneError } from "./standalone-error.ts";

export { StandaloneError } from "./standalone-error.ts";

const CA_DAYS = 90;
/** for the last records to be taken up */
const AUDIT_END_MS = 1_000;

/** The flags of `bb egress`, as they were written. */
export interface StandaloneOptions {
  readonly policy: string;
  /** `HOST:PORT`; port 0 takes a free one */
  readonly listen: string;
  /** where the CA's certificate is written, for clients to trust */
  readonly caOut: string;
  /** each `HOST:PORT=ADDRESS:PORT`: connects there instead, and counts the address as allowed */
  readonly resolve?: readonly string[] | undefined;
  /** PEM file of CAs that upstreams may be signed by, beside the system's */
  readonly upstreamCa?: string | undefined;
  /** NDJSON file that is appended to; none when absent */
  readonly audit?: string | undefined;
}

export interface StandaloneEgress {
  /** `host:port` that it listens on */
  readonly address: string;
  readonly routes: number;
  /** Reads the policy file again. Throws StandaloneError and keeps the old policy when it cannot be used. */
  reload(): Promise<{ readonly routes: number }>;
  close(): Promise<void>;
}

/**
 * Runs the egress proxy alone, with a CA made for this run. Throws
 * StandaloneError when a flag, a file or the address cannot be used.
 */
export async function startStandaloneEgress(options: StandaloneOptions): Promise<StandaloneEgress> {
  const target = readListen(options.listen);
  const overrides = readOverrides(options.resolve ?? []);
  const trust = createTrust(await readUpstreamCa(options.upstreamCa));
  const audit = await openAudit(options.audit);
  const proxy = new EgressProxy({
    audit: audit.log,
    world: { resolve: systemResolve, overrides, trust, clock: systemClock },
  });
  const now = systemClock.now();
  const authority = createCertificateAuthority({ commonName: "bot-bottle egress", now, days: CA_DAYS });
  const reload = async (): Promise<{ routes: number }> => {
    const { policy, secrets } = await readPolicyFile(options.policy);
    const policyHash = createHash("sha256").update(JSON.stringify(policy)).digest("hex");
    const configuration = {
      policyHash,
      egress: policy,
      secrets: [...secrets],
      certificateAuthority: authority,
    };
    proxy.enforce(createEnforcement(configuration, proxy.enforcement));
    return { routes: policy.routes.length };
  };
  const { routes } = await reload();
  await explained(
    writeFile(options.caOut, authority.certificatePem),
    `the CA cannot be written to ${options.caOut}`,
  );
  const address = (await explained(
    proxy.listen(target),
    `cannot listen on ${options.listen}`,
  )) as AddressInfo;
  return {
    address: formatAuthority({ host: address.address, port: address.port }),
    routes,
    reload,
    close: () => proxy.close().then(() => audit.end()),
  };
}

function readListen(text: string): { host: string; port: number } {
  const match = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(text);
  if (match?.[1] === undefined || Number(match[2]) > 65_535) {
    throw new StandaloneError(`--listen ${text} is not HOST:PORT, such as 127.0.0.1:9099`);
  }
  return { host: match[1].replace(/^\[|\]$/g, ""), port: Number(match[2]) };
}

function readOverrides(entries: readonly string[]): Map<string, Authority> {
  return new Map(
    entries.map((entry) => {
      const [from = "", to = ""] = entry.split("=");
      const wanted = normaliseAuthority(from, 0);
      const given = normaliseAuthority(to, 0);
      if (!wanted?.port || !given?.port || isIP(given.host) === 0) {
        throw new StandaloneError(
          `--resolve ${entry} is not HOST:PORT=ADDRESS:PORT, such as api.example.com:443=127.0.0.1:8443`,
        );
      }
      return [formatAuthority(wanted), given];
    }),
  );
}

async function readUpstreamCa(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const pem = await explained(readFile(path, "utf8"), `--upstream-ca ${path} cannot be read`);
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new StandaloneError(`--upstream-ca ${path} holds no certificate in PEM`);
  }
  return pem;
}

async function openAudit(path: string | undefined): Promise<{ log: AuditLog; end(): Promise<void> }> {
  if (path === undefined) return { log: NO_AUDIT, end: () => Promise.resolve() };
  const sink = await explained(openAuditFile(path), `--audit ${path} cannot be written`);
  const log = createAuditLog({ sink, clock: systemClock });
  // whether it failed was seen by the log, and of a pipe nobody may read
  const written = (): Promise<void> => finished(sink.end()).catch(() => undefined);
  return { log, end: () => Promise.race([written(), sleep(AUDIT_END_MS, undefined, { ref: false })]) };
}

async function explained<T>(work: Promise<T>, what: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new StandaloneError(`${what} (${code})`, { cause: error });
  }
}
