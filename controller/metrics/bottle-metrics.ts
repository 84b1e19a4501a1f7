import type { AuditRecord } from "../../sidecars/wire/audit.ts";
import { Counter, Histogram } from "./families.ts";

interface Owner {
  readonly namespace: string;
  readonly name: string;
}

const SCANS_S = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1];
const DURATIONS_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** of one bottle: a sidecar that was taken over could make up names without end */
const MOST_SERIES = 200;
const OTHER = "Other";
const OF_BOTTLE = ["namespace", "bottle"];

/**
 * What bottles do, counted from the records of their audit, since this process began. Series end with their bottle; of
 * each bottle there are only so many, and the rest is counted as `Other`.
 */
export class BottleMetrics {
  readonly #gitOperations = new Counter({
    name: "bot_bottle_git_operations",
    help: "Fetches and pushes through git-gate.",
    labels: [...OF_BOTTLE, "remote", "operation", "verdict", "code"],
  });
  readonly #gitBytes = new Counter({
    name: "bot_bottle_git_bytes",
    help: "Bytes of fetches and pushes: received from the agent, sent to it.",
    labels: [...OF_BOTTLE, "remote", "operation", "direction"],
  });
  readonly #gitDurations = new Histogram(
    {
      name: "bot_bottle_git_operation_duration_seconds",
      help: "Time that fetches and pushes took.",
      labels: ["operation", "verdict"],
      unit: "seconds",
    },
    DURATIONS_S,
  );
  readonly #egressRequests = new Counter({
    name: "bot_bottle_egress_requests",
    help: "Requests of agents that the egress proxy decided.",
    labels: [...OF_BOTTLE, "verdict", "code"],
  });
  readonly #egressBytes = new Counter({
    name: "bot_bottle_egress_bytes",
    help: "Bytes of bodies: received from the agent, sent to it.",
    labels: [...OF_BOTTLE, "direction"],
  });
  readonly #egressScans = new Histogram(
    {
      name: "bot_bottle_egress_scan_duration_seconds",
      help: "Time that the egress proxy looked for secrets in a request.",
      labels: ["verdict"],
      unit: "seconds",
    },
    SCANS_S,
  );
  readonly #egressUpstreams = new Histogram(
    {
      name: "bot_bottle_egress_upstream_duration_seconds",
      help: "Time from the sending of a request to the head of its answer.",
      labels: ["verdict"],
      unit: "seconds",
    },
    DURATIONS_S,
  );
  /** kinds of what each bottle did, by namespace and name */
  readonly #kinds = new Map<string, Set<string>>();

  /** counts one record of a bottle's audit */
  count(owner: Owner, record: AuditRecord): void {
    const of = [owner.namespace, owner.name];
    if (record.gate === "git") this.#countGit(of, record);
    if (record.gate === "egress") this.#countEgress(of, record);
  }

  /** forgets a bottle that is gone */
  forget({ namespace, name }: Owner): void {
    const of = [namespace, name];
    this.#kinds.delete(JSON.stringify(of));
    const counters = [this.#gitOperations, this.#gitBytes, this.#egressRequests, this.#egressBytes];
    for (const counter of counters) counter.remove(of);
  }

  /** all of it, in the text form of OpenMetrics 1.0 */
  text(): string {
    const families = [
      this.#gitOperations,
      this.#gitBytes,
      this.#gitDurations,
      this.#egressRequests,
      this.#egressBytes,
      this.#egressScans,
      this.#egressUpstreams,
    ];
    return `${[...families.flatMap((family) => family.lines()), "# EOF"].join("\n")}\n`;
  }

  #countGit(of: readonly string[], record: AuditRecord): void {
    const { verdict, method: operation } = record;
    // the rest is about the gate itself
    if (operation !== "fetch" && operation !== "push") return;
    const [remote = "", code = ""] = this.#bounded(of, [record.route ?? "", record.code]);
    this.#gitOperations.add([...of, remote, operation, verdict, code]);
    this.#addBytes(this.#gitBytes, [...of, remote, operation], record);
    if (record.durationMs !== undefined)
      this.#gitDurations.observe([operation, verdict], record.durationMs / 1000);
  }

  #countEgress(of: readonly string[], record: AuditRecord): void {
    const { verdict, scanMs, upstreamMs } = record;
    // the rest is about the proxy itself
    if (verdict === "info") return;
    const [code = ""] = this.#bounded(of, [record.code]);
    this.#egressRequests.add([...of, verdict, code]);
    this.#addBytes(this.#egressBytes, of, record);
    if (scanMs !== undefined) this.#egressScans.observe([verdict], scanMs / 1000);
    if (upstreamMs !== undefined) this.#egressUpstreams.observe([verdict], upstreamMs / 1000);
  }

  #addBytes(
    counter: Counter,
    labels: readonly string[],
    { requestBytes = 0, responseBytes = 0 }: Pick<AuditRecord, "requestBytes" | "responseBytes">,
  ): void {
    counter.add([...labels, "received"], requestBytes);
    counter.add([...labels, "sent"], responseBytes);
  }

  /** The words as they are while the bottle has few different ones; each stands for at most some series. */
  #bounded(of: readonly string[], words: readonly string[]): readonly string[] {
    const key = JSON.stringify(of);
    const kinds = this.#kinds.get(key) ?? new Set();
    this.#kinds.set(key, kinds);
    const kind = JSON.stringify(words);
    const areWords = words.every((word) => /^[A-Za-z0-9-]{1,64}$/.test(word));
    if (!areWords || (!kinds.has(kind) && kinds.size >= MOST_SERIES)) return words.map(() => OTHER);
    kinds.add(kind);
    return words;
  }
}
