import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { exclusively } from "./exclusive.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "exclusive-"));
});
afterEach(() => rm(folder, { recursive: true }));

const waiting = (onWait = (): void => undefined, signal = new AbortController().signal) => ({
  clock: systemClock,
  signal,
  onWait,
});

/** A process that takes the lock and keeps it until it is killed. */
async function aHolder(file: string) {
  const program = `
    import { systemClock } from "${import.meta.dirname}/clock.ts";
    import { exclusively } from "${import.meta.dirname}/exclusive.ts";
    const waiting = { clock: systemClock, signal: new AbortController().signal, onWait: () => undefined };
    await exclusively(process.argv[1], () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }), waiting);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

describe("exclusively", () => {
  it("does one work after the other", async () => {
    const file = join(folder, "locks/one.lock");
    const log: string[] = [];
    let finish: () => void = () => undefined;
    const first = exclusively(file, () => new Promise<void>((resolve) => (finish = resolve)), waiting());
    const second = exclusively(
      file,
      async () => void log.push("second"),
      waiting(() => {
        log.push("waits");
        finish();
      }),
    );
    await Promise.all([first, second]);
    expect(log).toEqual(["waits", "second"]);
  });

  it("takes over from a process that was killed", async () => {
    const file = join(folder, "one.lock");
    const holder = await aHolder(file);
    let waits = 0;
    const work = exclusively(
      file,
      () => Promise.resolve("mine"),
      waiting(() => {
        waits += 1;
        holder.kill("SIGKILL");
      }),
    );
    expect(await work).toBe("mine");
    expect(waits).toBeGreaterThan(0);
  });

  it("waits no longer than it is told to, and lets go after work that fails", async () => {
    const file = join(folder, "one.lock");
    const given = new AbortController();
    await exclusively(
      file,
      () =>
        expect(
          exclusively(
            file,
            () => Promise.resolve(),
            waiting(() => given.abort(), given.signal),
          ),
        ).rejects.toThrow(),
      waiting(),
    );
    await expect(exclusively(file, () => Promise.reject(new Error("no")), waiting())).rejects.toThrow("no");
    expect(await exclusively(file, () => Promise.resolve(1), waiting())).toBe(1);
  });
});
