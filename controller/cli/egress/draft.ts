import { type Pair, type Scalar, type YAMLMap, type YAMLSeq, Document } from "yaml";
import { DEFAULT_METHODS, DEFAULT_PORTS } from "../../../crds/egress-defaults.ts";
import { HostPattern } from "../../../crds/host.ts";
import { PathPrefix } from "../../../crds/path-prefix.ts";
import { AuditRecord } from "../../../sidecars/wire/audit.ts";

/** routes that a policy may have */
const MOST_ROUTES = 256;
/** path prefixes of one route; with more of them the path says nothing */
const MOST_PATHS = 8;

const FOR_LACK_OF_A_ROUTE: ReadonlySet<string> = new Set([
  "HostNotAllowed",
  "PortNotAllowed",
  "PathNotAllowed",
  "MethodNotAllowed",
]);

interface Wanted {
  count: number;
  last: string;
  readonly ports: Set<number>;
  readonly methods: Set<string>;
  readonly paths: Set<string>;
}

/** Collects what a bottle asked for and no route allows. */
export class Draft {
  readonly #hosts = new Map<string, Wanted>();

  /** takes one line of an audit; passes over what is no such request */
  add(line: string): void {
    const record = recordOf(line);
    if (record === undefined || !isInVain(record) || record.host === undefined) return;
    const { host, time, port, method, path } = record;
    const wanted = this.#of(host);
    wanted.count += 1;
    wanted.last = time;
    if (port !== undefined) wanted.ports.add(port);
    // of a tunnel that was refused nobody knows what would have been asked in it
    if (method === undefined || method === "CONNECT") return;
    if (/^[A-Z]{1,32}$/.test(method)) wanted.methods.add(method);
    if (path !== undefined) wanted.paths.add(path);
  }

  get isEmpty(): boolean {
    return this.#hosts.size === 0;
  }

  /** the routes that would allow it, most wanted first, as the `egress:` of a BottleClass */
  toYaml(): string {
    const wanted = [...this.#hosts].toSorted(([, a], [, b]) => b.count - a.count);
    const document = new Document({
      egress: { routes: wanted.slice(0, MOST_ROUTES).map(([host, seen]) => routeOf(host, seen)) },
    });
    const routes = document.getIn(["egress", "routes"]) as YAMLSeq<YAMLMap>;
    routes.items.forEach((item, index) => {
      item.commentBefore = ` ${commentOf(wanted[index]![1])}`;
      for (const pair of item.items as Pair<Scalar, Scalar | YAMLSeq>[]) {
        if (pair.value !== null && "items" in pair.value) pair.value.flow = true;
      }
    });
    return document.toString({ lineWidth: 0 });
  }

  #of(host: string): Wanted {
    let wanted = this.#hosts.get(host);
    if (wanted === undefined) {
      wanted = { count: 0, last: "", ports: new Set(), methods: new Set(), paths: new Set() };
      this.#hosts.set(host, wanted);
    }
    return wanted;
  }
}

/** Whether it is of a host that can stand in a route, and was denied, or would have been, for lack of one. */
const isInVain = ({ wouldDeny, code, host }: AuditRecord): boolean =>
  FOR_LACK_OF_A_ROUTE.has(wouldDeny ?? code) && HostPattern.safeParse(host).success;

function recordOf(line: string): AuditRecord | undefined {
  try {
    return AuditRecord.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // a line that a crash cut off
  }
}

function routeOf(host: string, { ports, methods, paths }: Wanted): object {
  const others = [...ports].filter((port) => !isIn(port, DEFAULT_PORTS));
  const writing = [...methods].filter((method) => !isIn(method, DEFAULT_METHODS));
  const prefixes = prefixesOf(paths);
  return {
    host,
    ...(others.length === 0 ? {} : { ports: [...ports].toSorted((a, b) => a - b).slice(0, 16) }),
    ...(writing.length === 0 ? {} : { methods: [...methods].toSorted() }),
    ...(prefixes.length === 0 ? {} : { paths: prefixes }),
  };
}

const isIn = (value: unknown, list: readonly unknown[]): boolean => list.includes(value);

function commentOf({ count, last, methods }: Wanted): string {
  const times = count === 1 ? "asked for once" : `asked for ${count} times`;
  const note = methods.size === 0 ? "; refused before method and path were known" : "";
  return `${times}, last ${last}${note}`;
}

/**
 * The longest prefixes, few and on segment boundaries, that hold all of the paths; none when that is every path, or
 * when one of them cannot stand in a route.
 */
function prefixesOf(paths: ReadonlySet<string>): string[] {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const [, first = ""] = path.split("/");
    groups.set(first, [...(groups.get(first) ?? []), path]);
  }
  const prefixes = [...groups.values()].map(commonPrefix).toSorted();
  const fits = prefixes.every((prefix) => prefix !== "/" && PathPrefix.safeParse(prefix).success);
  return fits && prefixes.length <= MOST_PATHS ? prefixes : [];
}

/** What all of the paths begin with, with a slash at its end unless it is one of them. */
function commonPrefix(paths: readonly string[]): string {
  const split = paths.map((path) => whole(path).split("/"));
  const [first = []] = split;
  const differs = first.findIndex((segment, index) => split.some((other) => other[index] !== segment));
  const shared = first.slice(0, differs === -1 ? first.length : differs);
  const isOne = split.some(({ length }) => length === shared.length);
  return isOne ? shared.join("/") : `${shared.join("/")}/`;
}

/** The audit shortens long paths: only whole segments of those count. */
const whole = (path: string): string =>
  path.includes("…") ? path.slice(0, path.lastIndexOf("/", path.indexOf("…")) + 1) : path;
