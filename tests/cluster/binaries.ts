import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

const MODULE = join(import.meta.dirname, "kube-apiserver");
const VERSION = /^require k8s\.io\/kubernetes v(\S+)$/m.exec(
  readFileSync(join(MODULE, "go.mod"), "utf8"),
)![1]!;
const OLDEST_GO = "1.25";

/** Programs that the kit runs, by their paths. */
export interface Binaries {
  readonly kubeApiserver: string;
  readonly kubectl: string;
  readonly etcd: string;
}

/** Why no kube-apiserver can be had on this machine; undefined when one can. */
export function whyNoCluster(): string | undefined {
  if (onPath("etcd") === undefined && onPath("apt-get") === undefined) {
    return "etcd is not installed, and there is no apt to get it from";
  }
  if (existsSync(cached("kube-apiserver"))) return undefined;
  const go = onPath("go");
  if (go === undefined) return "Go, which builds kube-apiserver, is not installed";
  const version = /go(\d+\.\d+)/.exec(
    execFileSync(go, ["env", "GOVERSION"], { cwd: "/", encoding: "utf8" }),
  )?.[1];
  return isOlder(version ?? "0", OLDEST_GO)
    ? `kube-apiserver needs Go ${OLDEST_GO}, this is ${version}`
    : undefined;
}

/** Builds and fetches what is missing, minutes the first time; it stays in the cache and nothing is installed. */
export function ensureBinaries(): Binaries {
  return {
    kubeApiserver: built("kube-apiserver"),
    kubectl: onPath("kubectl") ?? built("kubectl"),
    etcd: onPath("etcd") ?? unpackedEtcd(),
  };
}

function built(name: string): string {
  const target = cached(name);
  if (existsSync(target)) return target;
  console.log(`building ${name} ${VERSION} through the Go module proxy; this takes some minutes once`);
  const unfinished = `${target}.${process.pid}`;
  mkdirSync(cacheFolder(), { recursive: true });
  const [major, minor] = VERSION.split(".");
  const facts = { gitVersion: `v${VERSION}`, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
  const flags = Object.entries(facts).map(
    ([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`,
  );
  execFileSync(
    "nice",
    [
      "go",
      "build",
      "-trimpath",
      "-ldflags",
      ["-s", "-w", ...flags].join(" "),
      "-o",
      unfinished,
      `k8s.io/kubernetes/cmd/${name}`,
    ],
    {
      cwd: MODULE,
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false -mod=readonly" },
      stdio: "inherit",
    },
  );
  renameSync(unfinished, target);
  return target;
}

/** Debian's etcd, unpacked beside the others and not installed: where systemd runs, an installed one would start. */
function unpackedEtcd(): string {
  const target = join(cacheFolder(), "etcd", "usr", "bin", "etcd");
  if (existsSync(target)) return target;
  const folder = join(cacheFolder(), "etcd");
  mkdirSync(folder, { recursive: true });
  const download = () =>
    execFileSync("apt-get", ["download", "-q", "etcd-server"], { cwd: folder, stdio: "inherit" });
  try {
    download();
  } catch {
    // No package lists yet, as on a fresh machine; only root may fetch them.
    execFileSync("apt-get", ["update", "-q"], { stdio: "inherit" });
    download();
  }
  const archive = readdirSync(folder).find((file) => file.endsWith(".deb"))!;
  execFileSync("dpkg-deb", ["-x", archive, "."], { cwd: folder });
  return target;
}

function cacheFolder(): string {
  const caches = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(caches, "bot-bottle-kube", `v${VERSION}`);
}

function cached(name: string): string {
  return join(cacheFolder(), name);
}

function onPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, "en", { numeric: true }) < 0;
}
