import { describe, expect, it } from "vitest";
import {
  ImageMissingError,
  SandboxConflictError,
  SandboxNotFoundError,
} from "../../../reconcilers/contract/errors.ts";
import { anOwner, aVolumeSpec } from "../../builders.ts";
import type { SandboxRuntimeKit } from "./kit.ts";

/** What `create` and the volumes promise. */
export function describeCreate(kit: SandboxRuntimeKit): void {
  describe("create", () => {
    it("makes a sandbox that is listed with all of its facts and not started", async () => {
      const { airlock, agent, owner } = await kit.aCreatedBottle();

      const { sandboxes } = await kit.runtime.listOf(owner.uid, kit.signal);

      const seen = sandboxes.find(({ role }) => role === "agent");
      const { name, role, specHash } = agent;
      expect(seen).toMatchObject({ name, owner, role, specHash, phase: "created" });
      expect(seen?.startedAt).toBeUndefined();
      expect(sandboxes.find(({ role }) => role === "airlock")).toMatchObject({ name: airlock.name });
    });

    it("accepts an equal spec again and leaves the sandbox as it is, in every state", async () => {
      const { airlock } = await kit.aCreatedBottle();
      const before = await kit.stateOf(airlock);
      await kit.runtime.create(airlock, kit.signal);
      expect(await kit.stateOf(airlock)).toEqual(before);

      await kit.runtime.start(airlock.name, kit.signal);
      await kit.runtime.create(airlock, kit.signal);

      expect(await kit.stateOf(airlock)).toMatchObject({ id: before?.id, phase: "running" });
    });

    it("refuses another spec and another owner under a taken name", async () => {
      const { airlock } = await kit.aCreatedBottle();
      const before = await kit.stateOf(airlock);

      await expect(kit.runtime.create({ ...airlock, specHash: "f".repeat(32) }, kit.signal)).rejects.toThrow(
        SandboxConflictError,
      );
      await expect(kit.runtime.create({ ...airlock, owner: anOwner() }, kit.signal)).rejects.toThrow(
        SandboxConflictError,
      );

      expect(await kit.stateOf(airlock)).toEqual(before);
    });

    it("refuses a sandbox that carries the right labels and another make", async () => {
      const { owner, airlock } = await kit.aCreatedBottle();
      const lookalike = { ...airlock, image: kit.harness.images.agent };
      expect(lookalike.image).not.toBe(airlock.image);

      await expect(kit.runtime.create(lookalike, kit.signal)).rejects.toThrow(SandboxConflictError);

      expect((await kit.runtime.listOf(owner.uid, kit.signal)).sandboxes).toHaveLength(2);
    });

    it("says that the image is missing", async () => {
      const owner = anOwner();
      const spec = kit.aSpec(owner, "airlock", { image: `sha256:${"0".repeat(64)}`, mounts: [] });

      await expect(kit.runtime.create(spec, kit.signal)).rejects.toThrow(ImageMissingError);

      expect((await kit.runtime.listOf(owner.uid, kit.signal)).sandboxes).toEqual([]);
    });

    it("refuses to join a sandbox that does not exist", async () => {
      const owner = anOwner();
      await kit.runtime.createVolume(aVolumeSpec(owner, "home"), kit.signal);
      const agent = kit.aSpec(owner, "agent", { joins: `bb-${owner.uid}-airlock` });

      await expect(kit.runtime.create(agent, kit.signal)).rejects.toThrow(SandboxNotFoundError);
    });
  });

  describe("volumes", () => {
    it("are made once, refused to another owner, and removed once", async () => {
      const owner = anOwner();
      const volume = aVolumeSpec(owner, "home");
      await kit.runtime.createVolume(volume, kit.signal);
      await kit.runtime.createVolume(volume, kit.signal);

      await expect(kit.runtime.createVolume({ ...volume, owner: anOwner() }, kit.signal)).rejects.toThrow(
        SandboxConflictError,
      );
      expect((await kit.runtime.listOf(owner.uid, kit.signal)).volumes).toEqual([volume]);

      await kit.runtime.removeVolume(volume.name, kit.signal);
      await kit.runtime.removeVolume(volume.name, kit.signal);
      expect((await kit.runtime.listOf(owner.uid, kit.signal)).volumes).toEqual([]);
    });
  });
}
