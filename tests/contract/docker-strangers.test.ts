import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerCreateOptions } from "dockerode";
import { extract } from "tar-stream";
import { containerOptions } from "../../local-runtime/docker/container-options.ts";
import { SandboxConflictError, SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type { SandboxSpec } from "../../reconcilers/contract/sandbox-runtime.ts";
import { anOwner, aSandboxSpec, aVolumeSpec } from "../builders.ts";
import { docker, dockerAdapters, productImage, removeInstance, requireDocker } from "./docker-machine.ts";

/** What only looks as if this instance had made it. */

const instance = `strangers-${anOwner().uid}`;
const { runtime, control } = dockerAdapters(instance);
const { signal } = new AbortController();
let image: string;

beforeAll(async () => {
  await requireDocker();
  image = await productImage("airlock");
}, 600_000);
afterAll(async () => {
  await removeInstance(instance);
});

async function make(name: string, options: ContainerCreateOptions): Promise<string> {
  const request = { _query: { name }, _body: options } as unknown as ContainerCreateOptions;
  return (await docker.createContainer(request)).id;
}
const exists = async (id: string): Promise<boolean> =>
  docker
    .getContainer(id)
    .inspect()
    .then(
      () => true,
      () => false,
    );
const optionsOf = (spec: SandboxSpec): ContainerCreateOptions =>
  containerOptions(spec, instance, { uplink: "none" });

describe("a container with our labels", () => {
  const weaker: readonly [string, (options: ContainerCreateOptions) => void][] = [
    [
      "has capabilities",
      ({ HostConfig }) => Object.assign(HostConfig ?? {}, { CapDrop: [], CapAdd: ["NET_RAW"] }),
    ],
    ["has a network", ({ HostConfig }) => Object.assign(HostConfig ?? {}, { NetworkMode: "bridge" })],
    ["sees the host", ({ HostConfig }) => Object.assign(HostConfig ?? {}, { Binds: ["/etc:/mnt:ro"] })],
    [
      "has no filter",
      ({ HostConfig }) => Object.assign(HostConfig ?? {}, { SecurityOpt: ["no-new-privileges"] }),
    ],
    ["is root", (options) => Object.assign(options, { User: "0:0" })],
  ];

  it.each(weaker)(
    "that %s is not ours: not listed, not started, not removed, not taken over",
    async (_what, weaken) => {
      const spec = aSandboxSpec(anOwner(), "airlock", { image });
      const options = optionsOf(spec);
      weaken(options);
      const id = await make(spec.name, options);

      expect((await runtime.listOf(spec.owner.uid, signal)).sandboxes).toEqual([]);
      await expect(runtime.create(spec, signal)).rejects.toThrow(SandboxConflictError);
      await expect(runtime.start(spec.name, signal)).rejects.toThrow(SandboxNotFoundError);
      await runtime.remove(spec.name, signal);

      expect(await exists(id)).toBe(true);
    },
  );

  it("is ours when it is all that the labels say", async () => {
    const spec = aSandboxSpec(anOwner(), "airlock", { image });
    await make(spec.name, optionsOf(spec));

    expect((await runtime.listOf(spec.owner.uid, signal)).sandboxes).toHaveLength(1);
    await runtime.create(spec, signal);
  });

  it("gets them from its image and is not ours", async () => {
    const spec = aSandboxSpec(anOwner(), "sidecars", { image });
    const { Labels = {} } = optionsOf(spec);
    const changes = Object.entries(Labels).map(([key, value]) => `LABEL "${key}"="${value}"`);
    const plain = await docker.createContainer({ Image: image });
    const { Id } = (await plain.commit({ changes: changes.join("\n") })) as { Id: string };
    await plain.remove();
    const id = await make(spec.name, { ...optionsOf(spec), Image: Id, Labels: {} });

    const { Config } = await docker.getContainer(id).inspect();
    expect(Config.Labels).toEqual(Labels);
    expect((await runtime.list(signal)).sandboxes.map((sandbox) => sandbox.id)).not.toContain(id);
    await expect(control.open(spec.name, signal)).rejects.toThrow(SandboxNotFoundError);

    await docker.getContainer(id).remove({ force: true });
    await docker.getImage(Id).remove();
  });
});

describe("a volume", () => {
  it("that somebody else made under the name is refused, by create and by mount, and stays", async () => {
    const spec = aVolumeSpec(anOwner(), "home");
    await docker.createVolume({ Name: spec.name });
    const agent = aSandboxSpec(spec.owner, "airlock", {
      image,
      mounts: [{ volume: spec.name, path: "/home/node", readOnly: false }],
    });

    await expect(runtime.createVolume(spec, signal)).rejects.toThrow(SandboxConflictError);
    await expect(runtime.create(agent, signal)).rejects.toThrow(SandboxConflictError);
    await runtime.removeVolume(spec.name, signal);

    expect((await docker.getVolume(spec.name).inspect()).Labels ?? {}).toEqual({});
    await docker.getVolume(spec.name).remove();
  });

  it("for sockets that is not in memory and private is refused, whatever its labels", async () => {
    const spec = aVolumeSpec(anOwner(), "sockets");
    await runtime.createVolume(spec, signal);
    const { Labels } = await docker.getVolume(spec.name).inspect();
    await runtime.removeVolume(spec.name, signal);
    await docker.createVolume({ Name: spec.name, Labels });

    await expect(runtime.createVolume(spec, signal)).rejects.toThrow(SandboxConflictError);
  });

  it("that is not there is not made by a mount", async () => {
    const owner = anOwner();
    const { name } = aVolumeSpec(owner, "home");
    const spec = aSandboxSpec(owner, "airlock", {
      image,
      mounts: [{ volume: name, path: "/home/node", readOnly: false }],
    });

    await expect(runtime.create(spec, signal)).rejects.toThrow(SandboxNotFoundError);
    await expect(docker.getVolume(name).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe("the network of the sidecars", () => {
  const other = `uplink-${anOwner().uid}`;
  const mine = dockerAdapters(other).runtime;
  const name = `bb-${other}-uplink`;
  afterAll(() => removeInstance(other));
  const sidecars = (): SandboxSpec =>
    aSandboxSpec(anOwner(), "sidecars", { image, command: ["sleep", "infinity"] });

  it("that somebody else made under the name is refused", async () => {
    const network = await docker.createNetwork({ Name: name });
    await expect(mine.create(sidecars(), signal)).rejects.toThrow(SandboxConflictError);
    expect(await mine.removeUplink(signal)).toBe(true);
    await network.remove();
  });

  it("is made on demand, made again when somebody removed it, and goes only when nobody uses it", async () => {
    const spec = sidecars();
    await mine.create(spec, signal);
    await docker.getNetwork(name).remove();
    await mine.start(spec.name, signal).catch(() => mine.start(spec.name, signal));

    expect(await mine.removeUplink(signal)).toBe(false);
    await mine.remove(spec.name, signal);
    expect(await mine.removeUplink(signal)).toBe(true);
    await expect(docker.getNetwork(name).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  it("that was made twice at one moment is one again, and is removed", async () => {
    const made = async (): Promise<number> =>
      (await docker.listNetworks({ filters: JSON.stringify({ name: [name] }) })).length;
    const twin = {
      Name: name,
      Options: { "com.docker.network.bridge.enable_icc": "false" },
      Labels: { "bot-bottle.dev/instance": other },
    };
    await Promise.all([docker.createNetwork(twin), docker.createNetwork(twin)]);
    expect(await made()).toBe(2);
    const spec = sidecars();

    await mine.create(spec, signal);

    expect(await made()).toBe(1);
    await mine.remove(spec.name, signal);
    await docker.createNetwork(twin);
    expect(await mine.removeUplink(signal)).toBe(true);
    expect(await made()).toBe(0);
  });
});

describe("a home with links in it", () => {
  /** Guarded by an entry for every folder in the archive (archive.ts): one that is only implied is followed. */
  it("is written to in the place of the links, never through them", async () => {
    const owner = anOwner();
    const home = aVolumeSpec(owner, "home");
    await runtime.createVolume(home, signal);
    const evil = await make(`${instance}-evil`, {
      Image: image,
      Labels: { "bot-bottle.dev/instance": instance },
      Entrypoint: ["sh", "-c", "cd /home/node && ln -s /opt .config && ln -s /etc/passwd .claude.json"],
      HostConfig: { Mounts: [{ Type: "volume", Source: home.name, Target: "/home/node" }] },
    });
    await docker.getContainer(evil).start();
    await docker.getContainer(evil).wait();
    const file = { content: "written", mode: 0o644, owner: { uid: 1000, gid: 1000 } };
    const spec = aSandboxSpec(owner, "agent", {
      image,
      mounts: [{ volume: home.name, path: "/home/node", readOnly: false }],
      homeFiles: [
        { ...file, path: "/home/node/.config/settings" },
        { ...file, path: "/home/node/.claude.json" },
      ],
    });

    await runtime.create(spec, signal);

    expect(await typeAt(spec.name, "/home/node/.config")).toBe("directory");
    expect(await typeAt(spec.name, "/home/node/.claude.json")).toBe("file");
    expect(await typeAt(spec.name, "/home/node/.config/settings")).toBe("file");
    expect(await typeAt(spec.name, "/opt/settings")).toBe("nothing");
  });

  async function typeAt(name: string, path: string): Promise<string> {
    const tar = await docker
      .getContainer(name)
      .getArchive({ path })
      .catch(() => undefined);
    if (tar === undefined) return "nothing";
    for await (const entry of (tar as NodeJS.ReadableStream).pipe(extract()))
      return String(entry.header.type);
    return "nothing";
  }
});
