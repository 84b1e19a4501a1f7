import { describe, expect, it } from "vitest";
import { SandboxNotFoundError } from "../../../reconcilers/contract/errors.ts";
import { anOwner } from "../../builders.ts";
import type { SandboxRuntimeKit } from "./kit.ts";

/** What start, stop, pause, unpause and remove promise, and how the namespace of the link is shown. */
export function describeMoves(kit: SandboxRuntimeKit): void {
  describe("start, stop, pause, unpause, remove", () => {
    it("start runs it, says since when, and succeeds on a running one", async () => {
      const { airlock } = await kit.aCreatedBottle();
      await kit.runtime.start(airlock.name, kit.signal);
      const first = await kit.stateOf(airlock);

      await kit.runtime.start(airlock.name, kit.signal);

      expect(first).toMatchObject({ phase: "running" });
      expect(first?.startedAt).toBeInstanceOf(Date);
      expect(await kit.stateOf(airlock)).toEqual(first);
    });

    it("start of an absent one says so", async () => {
      await expect(kit.runtime.start(`bb-${anOwner().uid}-agent`, kit.signal)).rejects.toThrow(
        SandboxNotFoundError,
      );
    });

    it("stop ends it, keeps it, and succeeds on one that is stopped or was never started", async () => {
      const { airlock, agent } = await kit.aRunningBottle();

      await kit.runtime.stop(agent.name, { graceMs: 1_000 }, kit.signal);
      await kit.runtime.stop(agent.name, { graceMs: 1_000 }, kit.signal);

      expect(await kit.phaseOf(agent)).toBe("exited");
      expect((await kit.stateOf(agent))?.exitCode).toEqual(expect.any(Number));
      expect(await kit.phaseOf(airlock)).toBe("running");
      const fresh = await kit.aCreatedBottle();
      await kit.runtime.stop(fresh.agent.name, { graceMs: 1_000 }, kit.signal);
      expect(await kit.phaseOf(fresh.agent)).toBe("created");
    });

    it("starts a stopped one again, with a later start time and the same id", async () => {
      const { agent } = await kit.aRunningBottle();
      const before = await kit.stateOf(agent);
      await kit.runtime.stop(agent.name, { graceMs: 1_000 }, kit.signal);

      await kit.runtime.start(agent.name, kit.signal);

      const after = await kit.stateOf(agent);
      expect(after).toMatchObject({ id: before?.id, phase: "running" });
      expect(after?.startedAt?.getTime()).toBeGreaterThan(before?.startedAt?.getTime() ?? Infinity);
      expect(after?.exitCode).toBeUndefined();
    });

    it("pauses and goes on, twice the same is no error", async () => {
      const { agent } = await kit.aRunningBottle();
      const before = await kit.stateOf(agent);

      await kit.runtime.pause(agent.name, kit.signal);
      await kit.runtime.pause(agent.name, kit.signal);
      expect(await kit.phaseOf(agent)).toBe("paused");

      await kit.runtime.unpause(agent.name, kit.signal);
      await kit.runtime.unpause(agent.name, kit.signal);
      expect(await kit.stateOf(agent)).toEqual(before);
    });

    it("refuses to pause what does not run", async () => {
      const { agent } = await kit.aCreatedBottle();

      await expect(kit.runtime.pause(agent.name, kit.signal)).rejects.toThrow(SandboxNotFoundError);
      await expect(kit.runtime.unpause(agent.name, kit.signal)).rejects.toThrow(SandboxNotFoundError);
    });

    it("stops a paused one", async () => {
      const { agent } = await kit.aRunningBottle();
      await kit.runtime.pause(agent.name, kit.signal);

      await kit.runtime.stop(agent.name, { graceMs: 1_000 }, kit.signal);

      expect(await kit.phaseOf(agent)).toBe("exited");
    });

    it.each(["created", "running", "paused", "exited", "absent"] as const)(
      "removes one that is %s and leaves volumes and neighbours",
      async (state) => {
        const { owner, airlock, agent } = await kit.aCreatedBottle();
        if (state !== "created") {
          await kit.runtime.start(airlock.name, kit.signal);
          await kit.runtime.start(agent.name, kit.signal);
        }
        if (state === "paused") await kit.runtime.pause(agent.name, kit.signal);
        if (state === "exited") await kit.runtime.stop(agent.name, { graceMs: 1_000 }, kit.signal);
        if (state === "absent") await kit.runtime.remove(agent.name, kit.signal);

        await kit.runtime.remove(agent.name, kit.signal);

        const left = await kit.runtime.listOf(owner.uid, kit.signal);
        expect(left.sandboxes.map(({ name }) => name)).toEqual([airlock.name]);
        expect(left.volumes.map(({ role }) => role).toSorted()).toEqual(["home", "mirrors", "sockets"]);
      },
    );

    it("gives a new id to one that is made again under its name", async () => {
      const { agent } = await kit.aCreatedBottle();
      const before = await kit.stateOf(agent);
      await kit.runtime.remove(agent.name, kit.signal);

      await kit.runtime.create(agent, kit.signal);

      expect((await kit.stateOf(agent))?.id).not.toBe(before?.id);
    });
  });

  describe("the namespace of the link", () => {
    it("is that of the airlock which the agent joined, by id", async () => {
      const { airlock, agent } = await kit.aRunningBottle();

      expect((await kit.stateOf(agent))?.joinedId).toBe((await kit.stateOf(airlock))?.id);
    });

    it("is not joined while the airlock does not run", async () => {
      const { agent } = await kit.aCreatedBottle();

      await expect(kit.runtime.start(agent.name, kit.signal)).rejects.toThrow(SandboxNotFoundError);

      expect(await kit.phaseOf(agent)).toBe("created");
    });

    it("shows an airlock that was started again as younger than its agent", async () => {
      const { airlock, agent } = await kit.aRunningBottle();
      await kit.harness.kill(airlock.name);
      expect(await kit.phaseOf(airlock)).toBe("exited");

      await kit.runtime.start(airlock.name, kit.signal);

      const [airlockNow, agentNow] = [await kit.stateOf(airlock), await kit.stateOf(agent)];
      expect(agentNow?.phase).toBe("running");
      expect(airlockNow?.startedAt?.getTime()).toBeGreaterThan(agentNow?.startedAt?.getTime() ?? Infinity);
    });
  });
}
