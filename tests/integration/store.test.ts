import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../controller/engine/index.ts";
import {
  openSqliteStore,
  StateDirectoryInUseError,
  StoreCorruptError,
  UnsafeDirectoryError,
} from "../../controller/store/index.ts";
import { bottles } from "../../crds/resources.ts";
import { aDraft, aFolder, aStore } from "./store-kit.ts";

const HOLDER = join(import.meta.dirname, "store-holder.ts");
const open = (directory: string) => openSqliteStore({ directory, clock: systemClock });

function start(argv: readonly string[]): ChildProcess & { readonly lines: string[] } {
  const [file = "", ...rest] = argv;
  const child = spawn(file, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  child.stdout?.on("data", (chunk: Buffer) => lines.push(...chunk.toString().split("\n").filter(Boolean)));
  onTestFinished(() => void child.kill("SIGKILL"));
  return Object.assign(child, { lines });
}
const hold = (directory: string, mode: string) => start([process.execPath, HOLDER, directory, mode]);

describe("a state folder", () => {
  it("is made 0700, and all files in it are 0600", () => {
    const directory = join(aFolder(), "made", "here");
    aStore(systemClock, directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const modes = readdirSync(directory).map((name) => [name, statSync(join(directory, name)).mode & 0o777]);
    expect(Object.fromEntries(modes)).toEqual({
      "lock.db": 0o600,
      "lock.db-journal": 0o600,
      "lock.pid": 0o600,
      "store.db": 0o600,
      "store.db-shm": 0o600,
      "store.db-wal": 0o600,
    });
  });

  it.each([0o755, 0o710, 0o707])("is refused with mode %o", (mode) => {
    const directory = aFolder();
    chmodSync(directory, mode);
    expect(() => open(directory)).toThrow(UnsafeDirectoryError);
    expect(() => open(directory)).toThrow(`run: chmod 700 ${directory}`);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is refused when it is a file", () => {
    const path = join(aFolder(), "file");
    writeFileSync(path, "");
    expect(() => open(path)).toThrow("is not a folder");
  });

  it("has one controller at a time, in this process or another", async () => {
    const directory = aFolder();
    const store = open(directory);
    expect(() => open(directory)).toThrow(
      `another controller (process ${process.pid}) works on the state folder ${directory}`,
    );
    store.close();
    const other = hold(directory, "write");
    await expect.poll(() => other.lines).toContain("3");
    expect(() => open(directory)).toThrow(StateDirectoryInUseError);
    expect(() => open(directory)).toThrow(`(process ${other.pid})`);
  });

  it("is free again, and whole, when its controller is killed in the middle of writing", async () => {
    const directory = aFolder();
    const other = hold(directory, "write");
    await expect.poll(() => other.lines.length, { timeout: 20_000 }).toBeGreaterThan(50);
    const ended = new Promise((resolve) => other.once("close", resolve));
    other.kill("SIGKILL");
    await ended;
    const store = aStore(systemClock, directory);
    const acknowledged = Number(other.lines.at(-1));
    const { items } = store.list(bottles, {});
    // what was acknowledged is there; one more may have been written and not yet said
    expect([acknowledged, acknowledged + 1]).toContain(items.length);
    expect(store.create(bottles, aDraft("next")).metadata.name).toBe("next");
  });
});

describe("a damaged database", () => {
  const damages: Record<string, (file: string) => void> = {
    "overwritten at its start": (file) => writeFileSync(file, "not a database at all ".repeat(400)),
    "overwritten in the middle": (file) => {
      const bytes = readFileSync(file);
      for (let page = 1; page < bytes.length / 4096; page += 1)
        bytes.fill(0xee, page * 4096, page * 4096 + 4096);
      writeFileSync(file, bytes);
    },
    "cut off": (file) => writeFileSync(file, readFileSync(file).subarray(0, 5000)),
  };

  it.each(Object.keys(damages))("is named, left as it is and not replaced: %s", (damage) => {
    const directory = aFolder();
    const store = open(directory);
    for (let index = 0; index < 200; index += 1) store.create(bottles, aDraft(`b${index}`));
    store.close();
    const file = join(directory, "store.db");
    damages[damage]?.(file);
    const before = readFileSync(file);
    expect(() => open(directory)).toThrow(StoreCorruptError);
    expect(() => open(directory)).toThrow(`the database ${file} is damaged and was left as it is`);
    expect(readFileSync(file).equals(before)).toBe(true);
    // what the message says helps
    mkdirSync(`${file}.damaged`);
    for (const name of readdirSync(directory).filter((found) => /^store\.db(-|$)/.test(found)))
      rmSync(join(directory, name));
    expect(aStore(systemClock, directory).list(bottles, {}).items).toEqual([]);
  });

  it("of a newer version is left alone", async () => {
    const directory = aFolder();
    open(directory).close();
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(join(directory, "store.db"));
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect(() => open(directory)).toThrow("another version of bot-bottle (format 99");
  });
});

describe("a full disk", () => {
  it("is an error that says so; what was acknowledged stays, and reads go on", async () => {
    const directory = aFolder();
    // a small file system of its own, seen by this process alone
    const script = `mount -t tmpfs -o size=2m,mode=0700 none ${directory} && exec "$@"`;
    const child = start([
      "unshare",
      "-rm",
      "sh",
      "-c",
      script,
      "-",
      process.execPath,
      HOLDER,
      directory,
      "fill",
    ]);
    await new Promise((resolve) => child.once("close", resolve));
    const said = JSON.parse(child.lines.at(-1) ?? "") as { message: string; written: number; items: number };
    expect(said).toMatchObject({ name: "ApiUnavailableError" });
    expect(said.message).toContain(`the disk of ${directory}/store.db is full; nothing was changed`);
    expect(said.items).toBe(said.written);
    expect(said.written).toBeGreaterThan(10);
  });
});
