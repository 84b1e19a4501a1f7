import { describe, expect, it } from "vitest";
import {
  RuntimeUnavailableError,
  SandboxConflictError,
  SandboxNotFoundError,
} from "../../../reconcilers/contract/errors.ts";
import type { SandboxRuntime } from "../../../reconcilers/contract/sandbox-runtime.ts";
import { anOwner, aVolumeSpec } from "../../builders.ts";
import type { SandboxRuntimeKit } from "./kit.ts";

/** What is ours, what is heard of it, and what is said when nothing can be heard. */
export function describeOwnership(kit: SandboxRuntimeKit): void {
  describe("what is ours", () => {
    it("is found again by a controller that was restarted", async () => {
      const { owner } = await kit.aRunningBottle();
      const before = await kit.runtime.listOf(owner.uid, kit.signal);

      const restarted = await kit.harness.createRuntime(kit.instance);

      expect(await restarted.listOf(owner.uid, kit.signal)).toEqual(before);
      const all = await restarted.list(kit.signal);
      expect(all.sandboxes.filter(({ owner: { uid } }) => uid === owner.uid)).toEqual(before.sandboxes);
    });

    it("is separate from another instance: not listed, not touched, not taken over", async () => {
      const { owner, airlock, agent } = await kit.aRunningBottle();
      const stranger = await kit.harness.createRuntime(kit.otherInstance);

      expect(await stranger.listOf(owner.uid, kit.signal)).toEqual({ sandboxes: [], volumes: [] });
      expect((await stranger.list(kit.signal)).sandboxes).toEqual([]);
      await expect(stranger.create(airlock, kit.signal)).rejects.toThrow(SandboxConflictError);
      await expect(stranger.createVolume(aVolumeSpec(owner, "home"), kit.signal)).rejects.toThrow(
        SandboxConflictError,
      );
      await expect(stranger.stop(agent.name, { graceMs: 0 }, kit.signal)).rejects.toThrow(
        SandboxNotFoundError,
      );
      await expect(stranger.pause(agent.name, kit.signal)).rejects.toThrow(SandboxNotFoundError);
      await stranger.remove(agent.name, kit.signal);
      await stranger.removeVolume(aVolumeSpec(owner, "home").name, kit.signal);

      expect(await kit.phaseOf(agent)).toBe("running");
      expect((await kit.runtime.listOf(owner.uid, kit.signal)).volumes).toHaveLength(3);
    });

    it("does not mix bottles", async () => {
      const first = await kit.aCreatedBottle();
      const second = await kit.aCreatedBottle();

      const { sandboxes } = await kit.runtime.listOf(first.owner.uid, kit.signal);

      expect(sandboxes.map(({ name }) => name)).not.toContain(second.agent.name);
      expect(sandboxes).toHaveLength(2);
    });
  });

  it("hints at the owner of a sandbox that was killed from outside", async () => {
    const { owner, agent } = await kit.aRunningBottle();
    const watching = new AbortController();
    const hinted = firstHint(
      kit.runtime,
      owner.uid,
      AbortSignal.any([watching.signal, AbortSignal.timeout(10_000)]),
    );

    // a watch is allowed to miss what happens while it is being set up
    for (let attempt = 0; attempt < 5 && !(await settledWithin(hinted, 500)); attempt += 1) {
      await kit.runtime.start(agent.name, kit.signal);
      await kit.harness.kill(agent.name);
    }

    expect(await hinted).toBe(true);
    watching.abort();
  });

  it("says what it can do", async () => {
    expect(await kit.runtime.probe(kit.signal)).toMatchObject({
      isolation: expect.stringMatching(/^(container|microVm)$/) as string,
      enforcesEgress: true,
    });
  });

  it("says so when the engine does not answer, and never that nothing is there", async () => {
    const unreachable = await kit.harness.createUnreachableRuntime();
    const owner = anOwner();
    const airlock = kit.aSpec(owner, "airlock");

    for (const call of [
      () => unreachable.probe(kit.signal),
      () => unreachable.list(kit.signal),
      () => unreachable.listOf(owner.uid, kit.signal),
      () => unreachable.create(airlock, kit.signal),
      () => unreachable.createVolume(aVolumeSpec(owner, "home"), kit.signal),
      () => unreachable.start(airlock.name, kit.signal),
      () => unreachable.stop(airlock.name, { graceMs: 0 }, kit.signal),
      () => unreachable.pause(airlock.name, kit.signal),
      () => unreachable.remove(airlock.name, kit.signal),
      () => unreachable.removeVolume(aVolumeSpec(owner, "home").name, kit.signal),
    ]) {
      await expect(call()).rejects.toThrow(RuntimeUnavailableError);
    }
  });
}

async function firstHint(runtime: SandboxRuntime, ownerUid: string, signal: AbortSignal): Promise<boolean> {
  for await (const hint of runtime.watch(signal)) if (hint.ownerUid === ownerUid) return true;
  return false;
}

async function settledWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const late = new Promise<false>((resolve) => {
    AbortSignal.timeout(timeoutMs).addEventListener("abort", () => resolve(false));
  });
  return Promise.race([promise.then(() => true), late]);
}
