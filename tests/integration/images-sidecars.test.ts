import { beforeAll, describe, expect, it } from "vitest";
import { builtImage, connection } from "./images-support.ts";

const ENTRY = "/opt/bot-bottle/entry";
const COMPILED = "/opt/bot-bottle/compiled";
const STARTED = '"code":"Started"';

let image: string;

beforeAll(async () => {
  image = await builtImage({ kind: "sidecars" });
}, 300_000);

/** What the image's programs print until one of them says so much. */
async function saidUntil(text: string, command: string, { isRootReadOnly = true } = {}): Promise<string> {
  const container = await connection.docker.createContainer({
    Image: image,
    Entrypoint: ["sh", "-c", command],
    OpenStdin: true,
    Env: ["NODE_DEBUG_NATIVE=COMPILE_CACHE"],
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: isRootReadOnly,
      CapDrop: ["ALL"],
      CapAdd: ["SETGID", "SETPCAP", "SETUID"],
      SecurityOpt: ["no-new-privileges"],
      Tmpfs: {
        "/tmp": "rw,mode=1777",
        "/run/bb": "rw,mode=0700,uid=64001,gid=64001",
        "/run/git-gate": "rw,mode=0750,uid=64002,gid=64002",
      },
    },
  });
  const said = async (): Promise<string> => (await container.logs({ stdout: true, stderr: true })).toString();
  try {
    await container.start();
    await expect.poll(said).toContain(text);
    return await said();
  } finally {
    await container.remove({ force: true });
  }
}

describe("what was compiled of the bundle when the image was built", () => {
  it("is what the entry starts, as its user and with nothing to write on", async () => {
    const said = await saidUntil(STARTED, `exec ${ENTRY}`);
    expect(said).toContain("V8 code cache for CommonJS /opt/bot-bottle/sidecars.cjs was accepted");
  });

  it("can be written by nobody that the sidecars run as", async () => {
    const others = "! -user root -o ! -group root -o -perm /022";
    const said = await saidUntil(
      "looked\n",
      `find ${COMPILED} -type f; find /opt/bot-bottle ${others}; echo looked`,
    );
    expect(said.match(/\/opt\/bot-bottle/g)).toHaveLength(1);
  });

  it.each([
    ["is missing", `rm -r ${COMPILED}`],
    ["is of another user, version or processor", `mv ${COMPILED}/* ${COMPILED}/other`],
    ["is cut off", `for file in ${COMPILED}/*/*; do head -c 5000 $file >/tmp/cut; cp /tmp/cut $file; done`],
    [
      "is damaged",
      `for file in ${COMPILED}/*/*; do printf damaged | dd of=$file seek=900 conv=notrunc; done`,
    ],
    ["is of another program", `echo >>/opt/bot-bottle/sidecars.cjs`],
  ])("is done without where it %s", async (_what, change) => {
    const said = await saidUntil(STARTED, `${change} && exec ${ENTRY}`, { isRootReadOnly: false });
    expect(said).not.toContain("was accepted");
  });
});
