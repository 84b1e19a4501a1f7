import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { bundleOptions } from "../../../local-runtime/images/bundles.ts";
import { findProductRoot } from "../../../local-runtime/images/product-root.ts";
import type { StandaloneOptions } from "../../../sidecars/egress/standalone/index.ts";
import type { Children } from "./children.ts";
import { startMitmproxy } from "./mitmproxy.ts";
import { startSquid } from "./squid.ts";
import type { Upstreams } from "./upstream.ts";

/** hosts of our proxy's policy: bodies held and scanned, and bodies that stream */
export const SCANNED = "scanned.example.com";
export const STREAMED = "streamed.example.com";
/** a model's API with a credential of the route, so that bodies are read as JSON and forms, and paths compared with tables */
export const GUARDED = "api.openai.com";
/** any name below it is a new host */
const BELOW = "new.example.com";
export const NEW_HOSTS = 200;

/** One way from a client to an upstream. */
export interface Way {
  readonly name: string;
  readonly host: string;
  readonly proxyPort: number | undefined;
  readonly ca: string;
  readonly pid: number | undefined;
}

export interface OurProxy {
  readonly port: number;
  readonly ca: string;
  readonly pid: number;
  readonly policyFile: string;
}

/** What all measurements share. */
export interface World {
  readonly children: Children;
  readonly folder: string;
  readonly upstreams: Upstreams;
}

export async function startUpstreams(children: Children): Promise<Upstreams> {
  return (await children.start<Upstreams>("upstream.ts", {})).said;
}

export const direct = ({ upstreams }: World): Way => ({
  name: "direct",
  host: SCANNED,
  proxyPort: undefined,
  ca: upstreams.ca,
  pid: undefined,
});

/** Both ways through one proxy of ours. */
export function throughOurs({ port, ca, pid }: OurProxy): Record<"scanned" | "streamed", Way> {
  const common = { proxyPort: port, ca, pid };
  return {
    scanned: { ...common, name: "bb egress, full scan", host: SCANNED },
    streamed: { ...common, name: "bb egress, no scan", host: STREAMED },
  };
}

export async function throughSquid({ children, folder, upstreams }: World): Promise<Way> {
  const hosts = [SCANNED];
  const { port, ca, pid } = await startSquid(children, { folder, hosts, upstreamCa: upstreams.ca });
  return { name: "Squid ssl-bump", host: SCANNED, proxyPort: port, ca, pid };
}

export async function throughMitmproxy({ children, folder, upstreams }: World): Promise<Way> {
  const { port, ca, pid } = await startMitmproxy(children, { folder, upstreamCa: upstreams.ca });
  return { name: "mitmproxy", host: SCANNED, proxyPort: port, ca, pid };
}

/** A proxy of ours, in a process of its own, with the policy that most measurements use. */
export function startOurs(world: World, called = "ours"): Promise<OurProxy> {
  const { upstreams } = world;
  const hosts = [
    SCANNED,
    STREAMED,
    GUARDED,
    ...Array.from({ length: NEW_HOSTS }, (_, index) => newHost(index)),
  ];
  const resolve = hosts.flatMap((host) =>
    Object.values(upstreams.ports).map((port) => `${host}:${port}=127.0.0.1:${port}`),
  );
  const policy = policyOf(upstreams, [SCANNED, STREAMED, `*.${BELOW}`]);
  return startProxy(world, { called, policy, resolve, upstreamCa: upstreams.ca });
}

/** A proxy of ours with a policy of one's own; `resolve` as `bb egress` takes it. */
export async function startProxy(
  { children, folder }: Pick<World, "children" | "folder">,
  plan: { called: string; policy: object; resolve: readonly string[]; upstreamCa: string },
): Promise<OurProxy> {
  const file = (name: string): string => join(folder, `${plan.called}-${name}`);
  const policyFile = file("policy.yaml");
  writePolicy(policyFile, plan.policy);
  writeFileSync(file("upstream.pem"), plan.upstreamCa);
  const options: StandaloneOptions = {
    policy: policyFile,
    listen: "127.0.0.1:0",
    caOut: file("ca.pem"),
    resolve: plan.resolve,
    upstreamCa: file("upstream.pem"),
    audit: file("audit.ndjson"),
  };
  const program = bundledProxy(folder);
  const { said, pid } = await children.start<{ address: string }>(program, options, nodeFlags());
  const port = Number(said.address.split(":").at(-1));
  return { port, ca: readFileSync(options.caOut, "utf8"), pid, policyFile };
}

export const newHost = (index: number): string => `h${index}.${BELOW}`;

/** Every method at every port of the upstreams, for some hosts, of which one streams; and the one with a credential. */
export function policyOf({ ports }: Upstreams, hosts: readonly string[]): object {
  const routes = hosts.map((host) => ({
    host,
    ports: Object.values(ports),
    methods: ["*"],
    scan: host === STREAMED ? "inject-only" : "full",
  }));
  const secretRef = { name: "bench", key: "token" };
  const guarded = {
    host: GUARDED,
    ports: Object.values(ports),
    methods: ["GET", "POST"],
    auth: { secretRef },
  };
  return {
    egress: { routes: [...routes, guarded] },
    secrets: { bench: { token: "a-value-that-nothing-else-is-measured-with" } },
  };
}

export function writePolicy(file: string, policy: object): void {
  writeFileSync(file, JSON.stringify(policy), { mode: 0o600 });
}

/** Types that Node strips itself cost it time and memory, which the product does not have. */
function bundledProxy(folder: string): string {
  const outfile = join(folder, "proxy.cjs");
  const root = findProductRoot();
  const entryPoints = [join(import.meta.dirname, "proxy.ts")];
  buildSync({ ...bundleOptions(root, "sidecars"), entryPoints, outfile });
  return outfile;
}

/** Those that the sidecars' entry gives to node; `BB_BENCH_PROFILE=FOLDER` adds a CPU profile that is written there. */
function nodeFlags(): string[] {
  const entry = readFileSync(join(findProductRoot(), "local-runtime/images/sidecars/entry"), "utf8");
  const flags = /^NODE='\S+ (.+)'$/m.exec(entry)?.[1]?.split(" ");
  if (flags === undefined)
    throw new Error("the sidecars' entry says no flags of node any more: read them here");
  const profiles = process.env["BB_BENCH_PROFILE"];
  return [...flags, ...(profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`])];
}
