import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { aBb, run, type Bb, type Ran } from "../integration/cli-kit.ts";
import { aDockerBb, bottleYaml, type DockerBb } from "./docker-kit.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bb-troubles-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const stackFree = (ran: Ran): void => expect(ran.stdout + ran.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);

describe("Docker that does not work", () => {
  let bb: Bb;
  afterEach(() => bb.end());

  it("is not there: the bottle says so, and doctor what to do", async () => {
    bb = aBb({ BB_RUNTIME: "docker", DOCKER_HOST: `unix://${folder}/nothing.sock` });
    await bb(["apply", "-f", "-"], { input: bottleYaml("b") });
    await expect
      .poll(async () => (await bb(["describe", "bottle", "b"])).stdout, { timeout: 30_000 })
      .toMatch(/^RuntimeHealthy +False +RuntimeUnavailable/m);
    const doctor = await bb(["doctor"]);
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/^FAIL +docker: /m);
    expect(doctor.stdout).toMatch(/→ /);
    stackFree(doctor);
    expect((await bb(["delete", "bottle", "b", "--timeout", "3s"])).stderr).toMatch(/describe/);
  });

  it("hangs: commands answer all the same, and say that it hangs", async () => {
    const socket = join(folder, "silent.sock");
    const silent = createServer(() => undefined);
    silent.listen(socket);
    await once(silent, "listening");
    bb = aBb({ BB_RUNTIME: "docker", DOCKER_HOST: `unix://${socket}` });
    await bb(["apply", "-f", "-"], { input: bottleYaml("b") });
    expect(await bb(["get", "bottles"])).toMatchObject({ code: 0 });
    await expect
      .poll(async () => (await bb(["describe", "bottle", "b"])).stdout, { timeout: 90_000, interval: 2000 })
      .toMatch(/^RuntimeHealthy +False +RuntimeUnavailable/m);
    const doctor = await bb(["doctor"]);
    expect(doctor.stdout).toMatch(/^FAIL +docker: .*(answer|says nothing|hang)/m);
    stackFree(doctor);
    silent.close();
  });

  it("may not be used by this user: said with what to do", async () => {
    bb = aBb();
    const open = mkdtempSync(join(tmpdir(), "bb-nobody-"));
    await run(["chown", "65534:65534", open]);
    const nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const launcher = new URL("../../bb", import.meta.url).pathname;
    const environment = { BB_STATE_DIR: join(open, "s"), BB_CONFIG_DIR: join(open, "c"), HOME: open };
    const doctor = await run([...nobody, launcher, "doctor"], { environment });
    rmSync(open, { recursive: true });
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/^FAIL +docker: .*(permission|may not|rights|denied)/im);
    expect(doctor.stdout).toMatch(/→ .*docker/);
    stackFree(doctor);
  });
});

describe("an image that does not build", () => {
  let machine: DockerBb;
  beforeAll(() => {
    machine = aDockerBb();
  });
  afterAll(() => machine.end());

  it("shows its last lines, and leaves nothing half-made", async () => {
    const { stdout: all } = await run(["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"]);
    const image = all.split("\n").find((name) => name.startsWith("bot-bottle/claude:")) ?? "";
    const dockerfile = join(folder, "Dockerfile");
    writeFileSync(dockerfile, `FROM ${image}\nRUN echo this is what went wrong && exit 3\n`);
    const provider = `{ name: claude, dockerfile: "${dockerfile}" }`;
    await machine.bb(["apply", "-f", "-"], { input: bottleYaml("b", provider) });
    await expect
      .poll(async () => (await machine.bb(["describe", "bottle", "b"])).stdout, {
        timeout: 120_000,
        interval: 1000,
      })
      .toMatch(/ImageBuildFailed/);
    const { stdout } = await machine.bb(["describe", "bottle", "b"]);
    expect(stdout).toMatch(/^Ready +False +ImageBuildFailed/m);
    expect(stdout).toContain("this is what went wrong");
    expect(await machine.containers()).toEqual([]);
  });
});
