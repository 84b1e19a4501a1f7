import Docker from "dockerode";
import { pack } from "tar-stream";
import { randomUUID } from "node:crypto";

/** Ids of the images that a bottle is made from. */
export interface BottleImages {
  readonly airlock: string;
  readonly sidecars: string;
  readonly agent: string;
}

const LABEL = "bot-bottle.dev/bench";
const docker = new Docker();

/** What a bottle's start costs the engine alone: two volumes, three creates, one PUT, three starts, two execs, all that can go side by side at the same time. */
export async function bareStart(images: BottleImages): Promise<{ remove(): Promise<void> }> {
  const id = randomUUID();
  const name = (role: string): string => `bench-${id}-${role}`;
  const common = { Labels: { [LABEL]: id } };
  const volumes = await Promise.all([
    docker.createVolume({
      Name: name("sockets"),
      ...common,
      DriverOpts: { type: "tmpfs", device: "tmpfs", o: "size=1m,uid=64001,gid=64001,mode=0700" },
    }),
    docker.createVolume({ Name: name("mirrors"), ...common }),
  ]);
  const mount = (readOnly: boolean) => [
    { Type: "volume" as const, Source: name("sockets"), Target: "/run/bb", ReadOnly: readOnly },
  ];
  const walls = { CapDrop: ["ALL"], SecurityOpt: ["no-new-privileges"], Init: true };
  const [airlock, sidecars] = await Promise.all([
    docker.createContainer({
      ...{ ...common, name: name("airlock"), Image: images.airlock, User: "64001:64001" },
      HostConfig: {
        ...{ ...walls, NetworkMode: "none", Mounts: mount(true), ReadonlyRootfs: true },
        Tmpfs: { "/tmp": "rw,mode=1777" },
        ExtraHosts: ["egress:127.0.0.1"],
      },
    }),
    docker.createContainer({
      ...{ ...common, name: name("sidecars"), Image: images.sidecars, User: "0:0", OpenStdin: true },
      HostConfig: {
        ...{ ...walls, CapAdd: ["SETGID", "SETPCAP", "SETUID"], ReadonlyRootfs: true },
        Mounts: [
          ...mount(false),
          { Type: "volume", Source: name("mirrors"), Target: "/var/lib/git-gate", ReadOnly: false },
        ],
        Tmpfs: { "/tmp": "rw,mode=1777", "/run/git-gate": "rw,mode=0750,uid=64002,gid=64002" },
      },
    }),
  ]);
  const agent = await docker.createContainer({
    ...{ ...common, name: name("agent"), Image: images.agent, User: "1000:1000", Cmd: ["sleep", "infinity"] },
    HostConfig: { ...walls, NetworkMode: `container:${airlock.id}` },
  });
  await Promise.all([agent.putArchive(provisioned(), { path: "/" }), airlock.start(), sidecars.start()]);
  await agent.start();
  await Promise.all([execTrue(airlock), execTrue(agent)]);
  return {
    async remove() {
      await Promise.all([agent, airlock, sidecars].map((each) => each.remove({ force: true })));
      await Promise.all(volumes.map((each) => each.remove()));
    },
  };
}

/** About as much as a bottle's own files: a CA bundle of 230 KB and some small ones. */
function provisioned(): NodeJS.ReadableStream {
  const archive = pack();
  const owner = { uid: 1000, gid: 1000, mode: 0o600 };
  archive.entry({ name: "etc/bot-bottle/ca-bundle.pem", mode: 0o644 }, "#".repeat(230_000));
  archive.entry({ name: "etc/bot-bottle/ca.pem", mode: 0o644 }, "#".repeat(700));
  archive.entry({ name: "home/node/.claude.json", ...owner }, "{}");
  archive.entry({ name: "home/node/.bot-bottle-prompt.txt", ...owner }, "");
  archive.finalize();
  return archive as unknown as NodeJS.ReadableStream;
}

async function execTrue(container: Docker.Container): Promise<void> {
  const exec = await container.exec({ Cmd: ["true"], AttachStdout: true });
  const stream = await exec.start({});
  stream.resume();
  await new Promise((resolve) => stream.once("end", resolve));
}
