import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findProductRoot } from "../../local-runtime/images/index.ts";
import { baseRecipe } from "../../local-runtime/images/recipes.ts";
import { gitleaksFolder } from "./gitleaks-kit.ts";
import { builtImage, connection } from "./images-support.ts";

it("the base image has a gitleaks that knows what the gate asks of it", async () => {
  const program = join(await gitleaksFolder(), "gitleaks");
  const argv = ["stdin", "--no-banner", "--exit-code=7", "--ignore-gitleaks-allow", "--max-decode-depth=2"];
  const run = (input: string) => spawnSync(program, argv, { input, timeout: 30_000 }).status;

  expect(run("key = AKIAQ7ZK3M7XW2LTNB4V # gitleaks:allow\n")).toBe(7);
  expect(run("nothing\n")).toBe(0);
});

it("the base image installs nothing else from where gitleaks comes from, and has no host key of sshd", async () => {
  await builtImage({ kind: "airlock" });
  const { reference } = await baseRecipe(findProductRoot());
  const script = "cat /etc/apt/sources.list /etc/apt/*.d/* | grep -w sid; ls /etc/ssh/ssh_host_*; true";
  const container = await connection.docker.createContainer({ Image: reference, Cmd: ["sh", "-c", script] });
  try {
    await container.start();
    await container.wait();
    const said = (await container.logs({ stdout: true, stderr: true })).toString();
    expect(said).toMatch(/cannot access '\/etc\/ssh\/ssh_host_\*'/);
    expect(said.trim().split("\n")).toHaveLength(1);
  } finally {
    await container.remove({ force: true });
  }
});
