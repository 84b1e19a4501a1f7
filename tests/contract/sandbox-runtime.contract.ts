import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ImageMissingError,
  RuntimeUnavailableError,
  SandboxConflictError,
  SandboxNotFoundError,
} from "../../reconcilers/contract/errors.ts";
import type {
  Owner,
  SandboxRole,
  SandboxRuntime,
  SandboxSpec,
  SandboxState,
} from "../../reconcilers/contract/sandbox-runtime.ts";
import { anOwner, aSandboxSpec, aVolumeSpec } from "../builders.ts";

/** A file as it lies in a sandbox. */
export interface SeenFile {
  readonly content: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What the suite needs of an implementation and the engine under it. */
export interface SandboxRuntimeHarness {
  /** a runtime of `instance` on the one engine under test; another call is a controller after a restart */
  createRuntime(instance: string): Promise<SandboxRuntime>;
  /** a runtime whose engine does not answer */
  createUnreachableRuntime(): Promise<SandboxRuntime>;
  /** image ids; each image's own command, or `command`, keeps running */
  readonly images: Readonly<Record<SandboxRole, string>>;
  readonly command?: Partial<Readonly<Record<SandboxRole, readonly string[]>>>;
  /** SIGKILL of process 1, past the runtime */
  kill(sandbox: string): Promise<void>;
  /** a file of a sandbox in any state, past the runtime; undefined when it is not there */
  readFile(sandbox: string, path: string): Promise<SeenFile | undefined>;
  /** removes everything of these instances, volumes too */
  cleanup(instances: readonly string[]): Promise<void>;
}

const SOCKETS_PATH = "/run/bb";
const HOME_PATH = "/home/node";
const AGENT = { uid: 1000, gid: 1000 };
const ROOT = { uid: 0, gid: 0 };

/** Every SandboxRuntime, the fake included, passes this suite. */
export function describeSandboxRuntime(
  implementation: string,
  createHarness: () => Promise<SandboxRuntimeHarness>,
): void {
  describe(`SandboxRuntime: ${implementation}`, () => {
    const instance = `contract-${anOwner().uid}`;
    const otherInstance = `contract-${anOwner().uid}`;
    const { signal } = new AbortController();
    let harness: SandboxRuntimeHarness;
    let runtime: SandboxRuntime;

    beforeAll(async () => {
      harness = await createHarness();
      runtime = await harness.createRuntime(instance);
    });
    afterAll(() => harness.cleanup([instance, otherInstance]));

    const aSpec = (owner: Owner, role: SandboxRole, fields: Partial<SandboxSpec> = {}): SandboxSpec =>
      aSandboxSpec(owner, role, {
        image: harness.images[role],
        ...(harness.command?.[role] === undefined ? {} : { command: harness.command[role] }),
        mounts:
          role === "agent"
            ? [{ volume: aVolumeSpec(owner, "home").name, path: HOME_PATH, readOnly: false }]
            : [
                {
                  volume: aVolumeSpec(owner, "sockets").name,
                  path: SOCKETS_PATH,
                  readOnly: role === "airlock",
                },
              ],
        ...fields,
      });

    /** volumes, airlock and agent of a new bottle, created and not started */
    async function aCreatedBottle(fields: Partial<SandboxSpec> = {}) {
      const owner = anOwner();
      await Promise.all([
        runtime.createVolume(aVolumeSpec(owner, "home"), signal),
        runtime.createVolume(aVolumeSpec(owner, "sockets"), signal),
      ]);
      const airlock = aSpec(owner, "airlock");
      const agent = aSpec(owner, "agent", { joins: airlock.name, ...fields });
      await runtime.create(airlock, signal);
      await runtime.create(agent, signal);
      return { owner, airlock, agent };
    }

    async function aRunningBottle() {
      const bottle = await aCreatedBottle();
      await runtime.start(bottle.airlock.name, signal);
      await runtime.start(bottle.agent.name, signal);
      return bottle;
    }

    const stateOf = async (spec: SandboxSpec, from = runtime): Promise<SandboxState | undefined> =>
      (await from.listOf(spec.owner.uid, signal)).sandboxes.find(({ name }) => name === spec.name);
    const phaseOf = async (spec: SandboxSpec) => (await stateOf(spec))?.phase;

    describe("create", () => {
      it("makes a sandbox that is listed with all of its facts and not started", async () => {
        const { airlock, agent, owner } = await aCreatedBottle();

        const { sandboxes } = await runtime.listOf(owner.uid, signal);

        const seen = sandboxes.find(({ role }) => role === "agent");
        const { name, role, specHash } = agent;
        expect(seen).toMatchObject({ name, owner, role, specHash, phase: "created" });
        expect(seen?.startedAt).toBeUndefined();
        expect(sandboxes.find(({ role }) => role === "airlock")).toMatchObject({ name: airlock.name });
      });

      it("accepts an equal spec again and leaves the sandbox as it is, in every state", async () => {
        const { airlock } = await aCreatedBottle();
        const before = await stateOf(airlock);
        await runtime.create(airlock, signal);
        expect(await stateOf(airlock)).toEqual(before);

        await runtime.start(airlock.name, signal);
        await runtime.create(airlock, signal);

        expect(await stateOf(airlock)).toMatchObject({ id: before?.id, phase: "running" });
      });

      it("refuses another spec and another owner under a taken name", async () => {
        const { airlock } = await aCreatedBottle();
        const before = await stateOf(airlock);

        await expect(runtime.create({ ...airlock, specHash: "f".repeat(32) }, signal)).rejects.toThrow(
          SandboxConflictError,
        );
        await expect(runtime.create({ ...airlock, owner: anOwner() }, signal)).rejects.toThrow(
          SandboxConflictError,
        );

        expect(await stateOf(airlock)).toEqual(before);
      });

      it("refuses a sandbox that carries the right labels and another make", async () => {
        const { owner, airlock } = await aCreatedBottle();
        const lookalike = { ...airlock, image: harness.images.agent };
        expect(lookalike.image).not.toBe(airlock.image);

        await expect(runtime.create(lookalike, signal)).rejects.toThrow(SandboxConflictError);

        expect((await runtime.listOf(owner.uid, signal)).sandboxes).toHaveLength(2);
      });

      it("says that the image is missing", async () => {
        const owner = anOwner();
        const spec = aSpec(owner, "airlock", { image: `sha256:${"0".repeat(64)}`, mounts: [] });

        await expect(runtime.create(spec, signal)).rejects.toThrow(ImageMissingError);

        expect((await runtime.listOf(owner.uid, signal)).sandboxes).toEqual([]);
      });

      it("refuses to join a sandbox that does not exist", async () => {
        const owner = anOwner();
        await runtime.createVolume(aVolumeSpec(owner, "home"), signal);
        const agent = aSpec(owner, "agent", { joins: `bb-${owner.uid}-airlock` });

        await expect(runtime.create(agent, signal)).rejects.toThrow(SandboxNotFoundError);
      });
    });

    describe("provisioning", () => {
      const files = [
        { path: "/etc/bot-bottle/ca.pem", content: "certificate", mode: 0o644, owner: ROOT },
        { path: "/opt/bot-bottle-test/deep/note", content: "ümlaut\n", mode: 0o400, owner: AGENT },
      ];
      const homeFiles = [
        { path: `${HOME_PATH}/.bot-bottle-prompt.txt`, content: "", mode: 0o600, owner: AGENT },
        { path: `${HOME_PATH}/.config/deep/settings.json`, content: "{}", mode: 0o640, owner: AGENT },
      ];

      it("writes every file with its content, owner and mode before the start", async () => {
        const { agent } = await aCreatedBottle({ files, homeFiles });

        const seen = await Promise.all(
          [...files, ...homeFiles].map(({ path }) => harness.readFile(agent.name, path)),
        );

        expect(seen).toEqual(
          [...files, ...homeFiles].map(({ content, mode, owner }) => ({ content, mode, ...owner })),
        );
        expect(await phaseOf(agent)).toBe("created");
      });

      it("writes again into a sandbox that was never started, as after a crash between create and write", async () => {
        const { agent } = await aCreatedBottle();
        expect(await harness.readFile(agent.name, files[0]?.path ?? "")).toBeUndefined();

        const later = await harness.createRuntime(instance);
        await later.create({ ...agent, files }, signal);

        expect(await harness.readFile(agent.name, files[0]?.path ?? "")).toMatchObject({
          content: "certificate",
        });
      });

      it("writes nothing into a sandbox that has lived", async () => {
        const { agent } = await aRunningBottle();
        await runtime.stop(agent.name, { graceMs: 1_000 }, signal);

        const later = await harness.createRuntime(instance);
        await later.create({ ...agent, files, homeFiles }, signal);

        for (const { path } of [...files, ...homeFiles]) {
          expect(await harness.readFile(agent.name, path)).toBeUndefined();
        }
      });

      it("keeps what lies in the home when the agent's sandbox is made anew", async () => {
        const { agent } = await aCreatedBottle({ homeFiles });
        await runtime.remove(agent.name, signal);

        await runtime.create({ ...agent, homeFiles: undefined }, signal);

        expect(await harness.readFile(agent.name, homeFiles[1]?.path ?? "")).toMatchObject({ content: "{}" });
      });
    });

    describe("start, stop, pause, unpause, remove", () => {
      it("start runs it, says since when, and succeeds on a running one", async () => {
        const { airlock } = await aCreatedBottle();
        await runtime.start(airlock.name, signal);
        const first = await stateOf(airlock);

        await runtime.start(airlock.name, signal);

        expect(first).toMatchObject({ phase: "running" });
        expect(first?.startedAt).toBeInstanceOf(Date);
        expect(await stateOf(airlock)).toEqual(first);
      });

      it("start of an absent one says so", async () => {
        await expect(runtime.start(`bb-${anOwner().uid}-agent`, signal)).rejects.toThrow(
          SandboxNotFoundError,
        );
      });

      it("stop ends it, keeps it, and succeeds on one that is stopped or was never started", async () => {
        const { airlock, agent } = await aRunningBottle();

        await runtime.stop(agent.name, { graceMs: 1_000 }, signal);
        await runtime.stop(agent.name, { graceMs: 1_000 }, signal);

        expect(await phaseOf(agent)).toBe("exited");
        expect((await stateOf(agent))?.exitCode).toEqual(expect.any(Number));
        expect(await phaseOf(airlock)).toBe("running");
        const fresh = await aCreatedBottle();
        await runtime.stop(fresh.agent.name, { graceMs: 1_000 }, signal);
        expect(await phaseOf(fresh.agent)).toBe("created");
      });

      it("starts a stopped one again, with a later start time and the same id", async () => {
        const { agent } = await aRunningBottle();
        const before = await stateOf(agent);
        await runtime.stop(agent.name, { graceMs: 1_000 }, signal);

        await runtime.start(agent.name, signal);

        const after = await stateOf(agent);
        expect(after).toMatchObject({ id: before?.id, phase: "running" });
        expect(after?.startedAt?.getTime()).toBeGreaterThan(before?.startedAt?.getTime() ?? Infinity);
        expect(after?.exitCode).toBeUndefined();
      });

      it("pauses and goes on, twice the same is no error", async () => {
        const { agent } = await aRunningBottle();
        const before = await stateOf(agent);

        await runtime.pause(agent.name, signal);
        await runtime.pause(agent.name, signal);
        expect(await phaseOf(agent)).toBe("paused");

        await runtime.unpause(agent.name, signal);
        await runtime.unpause(agent.name, signal);
        expect(await stateOf(agent)).toEqual(before);
      });

      it("refuses to pause what does not run", async () => {
        const { agent } = await aCreatedBottle();

        await expect(runtime.pause(agent.name, signal)).rejects.toThrow(SandboxNotFoundError);
        await expect(runtime.unpause(agent.name, signal)).rejects.toThrow(SandboxNotFoundError);
      });

      it("stops a paused one", async () => {
        const { agent } = await aRunningBottle();
        await runtime.pause(agent.name, signal);

        await runtime.stop(agent.name, { graceMs: 1_000 }, signal);

        expect(await phaseOf(agent)).toBe("exited");
      });

      it.each(["created", "running", "paused", "exited", "absent"] as const)(
        "removes one that is %s and leaves volumes and neighbours",
        async (state) => {
          const { owner, airlock, agent } = await aCreatedBottle();
          if (state !== "created") {
            await runtime.start(airlock.name, signal);
            await runtime.start(agent.name, signal);
          }
          if (state === "paused") await runtime.pause(agent.name, signal);
          if (state === "exited") await runtime.stop(agent.name, { graceMs: 1_000 }, signal);
          if (state === "absent") await runtime.remove(agent.name, signal);

          await runtime.remove(agent.name, signal);

          const left = await runtime.listOf(owner.uid, signal);
          expect(left.sandboxes.map(({ name }) => name)).toEqual([airlock.name]);
          expect(left.volumes.map(({ role }) => role).toSorted()).toEqual(["home", "sockets"]);
        },
      );

      it("gives a new id to one that is made again under its name", async () => {
        const { agent } = await aCreatedBottle();
        const before = await stateOf(agent);
        await runtime.remove(agent.name, signal);

        await runtime.create(agent, signal);

        expect((await stateOf(agent))?.id).not.toBe(before?.id);
      });
    });

    describe("the namespace of the link", () => {
      it("is that of the airlock which the agent joined, by id", async () => {
        const { airlock, agent } = await aRunningBottle();

        expect((await stateOf(agent))?.joinedId).toBe((await stateOf(airlock))?.id);
      });

      it("is not joined while the airlock does not run", async () => {
        const { agent } = await aCreatedBottle();

        await expect(runtime.start(agent.name, signal)).rejects.toThrow(SandboxNotFoundError);

        expect(await phaseOf(agent)).toBe("created");
      });

      it("shows an airlock that was started again as younger than its agent", async () => {
        const { airlock, agent } = await aRunningBottle();
        await harness.kill(airlock.name);
        expect(await phaseOf(airlock)).toBe("exited");

        await runtime.start(airlock.name, signal);

        const [airlockNow, agentNow] = [await stateOf(airlock), await stateOf(agent)];
        expect(agentNow?.phase).toBe("running");
        expect(airlockNow?.startedAt?.getTime()).toBeGreaterThan(agentNow?.startedAt?.getTime() ?? Infinity);
      });
    });

    describe("volumes", () => {
      it("are made once, refused to another owner, and removed once", async () => {
        const owner = anOwner();
        const volume = aVolumeSpec(owner, "home");
        await runtime.createVolume(volume, signal);
        await runtime.createVolume(volume, signal);

        await expect(runtime.createVolume({ ...volume, owner: anOwner() }, signal)).rejects.toThrow(
          SandboxConflictError,
        );
        expect((await runtime.listOf(owner.uid, signal)).volumes).toEqual([volume]);

        await runtime.removeVolume(volume.name, signal);
        await runtime.removeVolume(volume.name, signal);
        expect((await runtime.listOf(owner.uid, signal)).volumes).toEqual([]);
      });
    });

    describe("what is ours", () => {
      it("is found again by a controller that was restarted", async () => {
        const { owner } = await aRunningBottle();
        const before = await runtime.listOf(owner.uid, signal);

        const restarted = await harness.createRuntime(instance);

        expect(await restarted.listOf(owner.uid, signal)).toEqual(before);
        const all = await restarted.list(signal);
        expect(all.sandboxes.filter(({ owner: { uid } }) => uid === owner.uid)).toEqual(before.sandboxes);
      });

      it("is separate from another instance: not listed, not touched, not taken over", async () => {
        const { owner, airlock, agent } = await aRunningBottle();
        const stranger = await harness.createRuntime(otherInstance);

        expect(await stranger.listOf(owner.uid, signal)).toEqual({ sandboxes: [], volumes: [] });
        expect((await stranger.list(signal)).sandboxes).toEqual([]);
        await expect(stranger.create(airlock, signal)).rejects.toThrow(SandboxConflictError);
        await expect(stranger.createVolume(aVolumeSpec(owner, "home"), signal)).rejects.toThrow(
          SandboxConflictError,
        );
        await expect(stranger.stop(agent.name, { graceMs: 0 }, signal)).rejects.toThrow(SandboxNotFoundError);
        await expect(stranger.pause(agent.name, signal)).rejects.toThrow(SandboxNotFoundError);
        await stranger.remove(agent.name, signal);
        await stranger.removeVolume(aVolumeSpec(owner, "home").name, signal);

        expect(await phaseOf(agent)).toBe("running");
        expect((await runtime.listOf(owner.uid, signal)).volumes).toHaveLength(2);
      });

      it("does not mix bottles", async () => {
        const first = await aCreatedBottle();
        const second = await aCreatedBottle();

        const { sandboxes } = await runtime.listOf(first.owner.uid, signal);

        expect(sandboxes.map(({ name }) => name)).not.toContain(second.agent.name);
        expect(sandboxes).toHaveLength(2);
      });
    });

    it("hints at the owner of a sandbox that was killed from outside", async () => {
      const { owner, agent } = await aRunningBottle();
      const watching = new AbortController();
      const hinted = firstHint(
        runtime,
        owner.uid,
        AbortSignal.any([watching.signal, AbortSignal.timeout(10_000)]),
      );

      // a watch is allowed to miss what happens while it is being set up
      for (let attempt = 0; attempt < 5 && !(await settledWithin(hinted, 500)); attempt += 1) {
        await runtime.start(agent.name, signal);
        await harness.kill(agent.name);
      }

      expect(await hinted).toBe(true);
      watching.abort();
    });

    it("says what it can do", async () => {
      expect(await runtime.probe(signal)).toMatchObject({
        isolation: expect.stringMatching(/^(container|microVm)$/) as string,
        enforcesEgress: true,
      });
    });

    it("says so when the engine does not answer, and never that nothing is there", async () => {
      const unreachable = await harness.createUnreachableRuntime();
      const owner = anOwner();
      const airlock = aSpec(owner, "airlock");

      for (const call of [
        () => unreachable.probe(signal),
        () => unreachable.list(signal),
        () => unreachable.listOf(owner.uid, signal),
        () => unreachable.create(airlock, signal),
        () => unreachable.createVolume(aVolumeSpec(owner, "home"), signal),
        () => unreachable.start(airlock.name, signal),
        () => unreachable.stop(airlock.name, { graceMs: 0 }, signal),
        () => unreachable.pause(airlock.name, signal),
        () => unreachable.remove(airlock.name, signal),
        () => unreachable.removeVolume(aVolumeSpec(owner, "home").name, signal),
      ]) {
        await expect(call()).rejects.toThrow(RuntimeUnavailableError);
      }
    });
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
