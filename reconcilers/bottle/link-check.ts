import { randomBytes } from "node:crypto";
import type { SidecarsReport } from "../../sidecars/wire/control.ts";
import type { Pass } from "../contract/reconciler.ts";
import type { LinkProbe, LinkReport, SandboxState } from "../contract/sandbox-runtime.ts";
import { runOf } from "./parts.ts";

/** A probe is repeated after this time even when nothing moved. */
const PROBE_AGAIN_MS = 60_000;
/** A probe that is sent beside the sidecars' boot waits this long for them. */
const BOOT_PATIENCE_MS = 2_000;

/** The two ends of a link, running. */
export interface Link {
  readonly airlock: SandboxState;
  readonly sidecars: SandboxState;
}

interface SentProbe {
  readonly nonce: string;
  readonly seen: LinkReport;
  readonly at: Date;
}

interface HeldLink {
  readonly runs: string;
  readonly at: Date;
}

/** Shows that a link is whole: a nonce that is sent from the agent's side arrives at the sidecars. */
export class LinkCheck {
  readonly #probe: LinkProbe;
  /** by owner, for the runs of airlock and sidecars that it was shown of */
  readonly #held = new Map<string, HeldLink>();
  /** by owner, what was sent while the sidecars booted */
  readonly #early = new Map<string, SentProbe>();

  constructor(probe: LinkProbe) {
    this.#probe = probe;
  }

  /**
   * Sends a nonce while the sidecars boot, which saves their start the time of a probe after it. What comes of it
   * counts only when the next `findFault` sees the same run of the airlock and the nonce in the sidecars' report.
   */
  async probeEarly(airlock: Pick<SandboxState, "name" | "owner">, pass: Pass): Promise<void> {
    try {
      this.#early.set(airlock.owner.uid, await this.#send(airlock.name, BOOT_PATIENCE_MS, pass));
    } catch {
      // the next pass sends one of its own, and says what is wrong
      pass.signal.throwIfAborted();
    }
  }

  /** What is wrong with the link; `report` is what the sidecars said in this pass, `ask` asks them again. */
  async findFault(
    link: Link,
    { probeNonces }: SidecarsReport,
    ask: () => Promise<SidecarsReport>,
    pass: Pass,
  ): Promise<string | undefined> {
    const { uid } = link.airlock.owner;
    const early = this.#early.get(uid);
    this.#early.delete(uid);
    if (early !== undefined && probeNonces.includes(early.nonce) && isWhole(early, link)) {
      this.#held.set(uid, { runs: runsOf(link), at: early.at });
    }
    if (this.#isHeld(link, pass)) return undefined;
    this.#held.delete(uid);
    const sent = await this.#send(link.airlock.name, 0, pass);
    const fault = faultOf(sent.seen, (await ask()).probeNonces.includes(sent.nonce));
    if (fault === undefined) this.#held.set(uid, { runs: runsOf(link), at: sent.at });
    return fault;
  }

  forget(ownerUid: string): void {
    this.#held.delete(ownerUid);
    this.#early.delete(ownerUid);
  }

  #isHeld(link: Link, { now }: Pass): boolean {
    const held = this.#held.get(link.airlock.owner.uid);
    return held?.runs === runsOf(link) && now.getTime() - held.at.getTime() < PROBE_AGAIN_MS;
  }

  async #send(airlock: string, patienceMs: number, { now, signal }: Pass): Promise<SentProbe> {
    const nonce = randomBytes(16).toString("hex");
    return { nonce, seen: await this.#probe.probeLink(airlock, { nonce, patienceMs }, signal), at: now };
  }
}

const runsOf = ({ airlock, sidecars }: Link): string => `${runOf(airlock)} ${runOf(sidecars)}`;

const isWhole = ({ seen }: SentProbe, { airlock }: Link): boolean =>
  runOf(seen.airlock) === runOf(airlock) && faultOf(seen, true) === undefined;

function faultOf(
  { foreignInterfaces, foreignListeners, answered }: LinkReport,
  arrived: boolean,
): string | undefined {
  if (foreignInterfaces.length > 0)
    return `the agent's network has the interface ${foreignInterfaces.join(", ")}`;
  if (foreignListeners.length > 0)
    return `somebody else listens on port ${foreignListeners.join(", ")} of the link`;
  if (!arrived && answered) return "the probe was answered, but not by the sidecars";
  return arrived ? undefined : "the probe did not reach the sidecars";
}
