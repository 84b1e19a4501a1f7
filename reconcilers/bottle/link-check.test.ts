import { beforeEach, describe, expect, it } from "vitest";
import { aPart, NOW } from "../../tests/observed-builder.ts";
import { SandboxNotFoundError } from "../contract/errors.ts";
import type { LinkProbe, LinkReport, SandboxState } from "../contract/sandbox-runtime.ts";
import { LinkCheck } from "./link-check.ts";

const airlock = aPart("airlock", "running");
const sidecars = aPart("sidecars", "running");
const { signal } = new AbortController();
const passAt = (ms: number) => ({ now: new Date(NOW.getTime() + ms), signal, id: "pass-1" });

/** A link whose far end tells what reached it. */
class TestLink implements LinkProbe {
  readonly sent: string[] = [];
  arrived: string[] = [];
  seen: Omit<LinkReport, "airlock"> = { foreignInterfaces: [], foreignListeners: [], answered: true };
  run: SandboxState = airlock;
  isGone = false;

  async probeLink(name: string, { nonce }: { readonly nonce: string }): Promise<LinkReport> {
    if (this.isGone) throw new SandboxNotFoundError(`${name} does not run`);
    this.sent.push(nonce);
    this.arrived.push(nonce);
    return { ...this.seen, airlock: this.run };
  }
}

describe("LinkCheck", () => {
  let link: TestLink;
  let check: LinkCheck;
  const report = () => ({
    policyHash: "p",
    secretVersions: {},
    probeNonces: link.arrived,
    remotes: [],
    asks: [],
    spent: [],
  });
  const findFault = (ms = 0) =>
    check.findFault({ airlock, sidecars }, report(), async () => report(), passAt(ms));

  beforeEach(() => {
    link = new TestLink();
    check = new LinkCheck(link);
  });

  it("counts a nonce that was sent while the sidecars booted, when it arrived", async () => {
    await check.probeEarly(airlock, passAt(0));

    expect(await findFault()).toBeUndefined();
    expect(link.sent).toHaveLength(1);
  });

  it("sends another one when the sidecars of now do not know the early one", async () => {
    await check.probeEarly(airlock, passAt(0));
    link.arrived = [];

    expect(await findFault()).toBeUndefined();
    expect(link.sent).toHaveLength(2);
  });

  it("sends another one when the early one went through another run of the airlock", async () => {
    link.run = { ...airlock, startedAt: new Date(0) };
    await check.probeEarly(airlock, passAt(0));

    expect(await findFault()).toBeUndefined();
    expect(link.sent).toHaveLength(2);
  });

  it.each([{ foreignInterfaces: ["eth0"] }, { foreignListeners: [9099] }])(
    "sends another one when the early one saw $foreignInterfaces $foreignListeners",
    async (foreign) => {
      link.seen = { ...link.seen, ...foreign };
      await check.probeEarly(airlock, passAt(0));

      expect(await findFault()).toMatch(/eth0|9099/);
      expect(link.sent).toHaveLength(2);
    },
  );

  it("sends another one when the early one is a minute old", async () => {
    await check.probeEarly(airlock, passAt(0));

    expect(await findFault(60_000)).toBeUndefined();
    expect(link.sent).toHaveLength(2);
  });

  it("counts an early one once", async () => {
    await check.probeEarly(airlock, passAt(0));
    await findFault();
    check.forget(airlock.owner.uid);

    expect(await findFault()).toBeUndefined();
    expect(link.sent).toHaveLength(2);
  });

  it("says what is wrong by one of its own, when the early one failed", async () => {
    link.isGone = true;
    await check.probeEarly(airlock, passAt(0));

    await expect(findFault()).rejects.toThrow(SandboxNotFoundError);
  });

  it("repeats a probe that held after a minute, and when an end was started anew", async () => {
    await findFault();
    await findFault(59_999);
    expect(link.sent).toHaveLength(1);

    await findFault(60_000);
    expect(link.sent).toHaveLength(2);

    const again = { airlock, sidecars: { ...sidecars, startedAt: new Date(0) } };
    await check.findFault(again, report(), async () => report(), passAt(60_001));
    expect(link.sent).toHaveLength(3);
  });
});
