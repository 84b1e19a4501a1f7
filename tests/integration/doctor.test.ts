import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Check } from "../../local-runtime/doctor/index.ts";
import { findProductRoot } from "../../local-runtime/images/index.ts";

const run = promisify(execFile);

interface Outcome {
  readonly before: readonly Check[];
  readonly progress: readonly string[];
  readonly after: readonly Check[];
  readonly again: readonly string[];
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "doctor-"));
  await mkdir(join(folder, "bin"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(folder, "bin", name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "bin", name), 0o755);
}

/** A dockerd with folders of its own, so that it shares nothing with the machine's. */
const PRIVATE_DOCKERD = 'exec /usr/sbin/dockerd --data-root "$HERE/data" --exec-root "$HERE/exec" "$@"';

/**
 * Runs the doctor where it sees no other process and no other network, so that the machine's own engine is neither
 * found nor touched, and everything that it starts ends with it.
 */
async function doctor(prepare = ":"): Promise<Outcome> {
  const child = join(findProductRoot(), "tests/integration/doctor-process.ts");
  const noInit = "[ ! -d /run/systemd ] || mount -t tmpfs none /run/systemd";
  const script = `${noInit}; ${prepare}; exec "$@"`;
  const argv = [
    ...["--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh"],
    ...[process.execPath, child, join(folder, "state"), join(folder, "docker.sock")],
  ];
  const env = { ...process.env, HERE: folder, PATH: `${folder}/bin:${process.env["PATH"] ?? ""}` };
  const { stdout } = await run("unshare", argv, { env, timeout: 90_000 });
  return JSON.parse(stdout) as Outcome;
}

const lineOf = (checks: readonly Check[], name: string) => checks.find((check) => check.name === name);

describe("the doctor on a machine without an init system", () => {
  it("starts Docker by itself, with its log and pid file in the state folder, and finds nothing more to do", async () => {
    await program("dockerd", PRIVATE_DOCKERD);
    const { before, progress, after, again } = await doctor();
    expect(lineOf(before, "docker")).toMatchObject({ status: "fail", repair: "startDocker" });
    expect(progress).toEqual(["starting Docker"]);
    expect(lineOf(after, "docker")).toMatchObject({ status: "ok" });
    expect(lineOf(after, "seccomp")).toMatchObject({ status: "ok" });
    expect(again).toEqual([]);
    expect((await readdir(join(folder, "state/dockerd"))).toSorted()).toContain("log");
    expect(await readFile(join(folder, "state/dockerd/log"), "utf8")).toContain("API listen on");
  });

  it("installs Docker first when it is not there", async () => {
    await program("dockerd.installed", PRIVATE_DOCKERD);
    // What stands for the package: the program appears when it is installed.
    await program(
      "apt-get",
      'echo "did: $*"; [ "$4" = update ] || ln -s dockerd.installed "$HERE/bin/dockerd"',
    );
    const hideDocker =
      "for d in /usr/sbin /sbin; do [ -e $d/dockerd ] && mount --bind /dev/null $d/dockerd; done";
    await program("dockerd.installed", PRIVATE_DOCKERD.replace("/usr/sbin/dockerd", "$HERE/real-dockerd"));
    const keep = 'cp "$(command -v dockerd)" "$HERE/real-dockerd"';
    const { before, progress, after } = await doctor(`${keep}; ${hideDocker}`);
    expect(lineOf(before, "docker")).toMatchObject({
      found: "Docker is not installed",
      repair: "installDocker",
    });
    expect(progress.join("\n")).toMatch(
      /did: .*update[^]*did: .*install --yes docker.io iptables[^]*starting Docker/,
    );
    expect(lineOf(after, "docker")).toMatchObject({ status: "ok" });
  });

  it("says why it could not start Docker, with the end of its log", async () => {
    await program("dockerd", "echo the disk is full; exit 1");
    const { after } = await doctor();
    const line = lineOf(after, "docker");
    expect(line).toMatchObject({ status: "fail", todo: "start dockerd as root" });
    expect(line?.found).toMatch(/setting it up failed: dockerd ended[^]*the disk is full/);
  });

  it("says why it could not install Docker", async () => {
    await program("apt-get", "echo E: no network; exit 100");
    const hideDocker =
      "for d in /usr/sbin /sbin; do [ -e $d/dockerd ] && mount --bind /dev/null $d/dockerd; done";
    const { after } = await doctor(hideDocker);
    expect(lineOf(after, "docker")?.found).toMatch(/apt-get update failed:\nE: no network/);
  });
});
