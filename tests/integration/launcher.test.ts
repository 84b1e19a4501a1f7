import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run, type Ran } from "./cli-kit.ts";

const BB = fileURLToPath(new URL("../../bb", import.meta.url));
/** An npm that does what `npm ci` does to the eye of the launcher, and notes that it ran. */
const NPM = `#!/bin/sh
echo "npm $*" >> "$NOTES"
sleep 0.3
rm -rf node_modules && mkdir -p node_modules/.bin
ln -s "$NODE" node_modules/.bin/node
echo '{}' > node_modules/.package-lock.json
`;

let root: string;
let notes: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bb-launcher-"));
  notes = join(root, "notes");
  mkdirSync(join(root, "checkout/controller/cli"), { recursive: true });
  mkdirSync(join(root, "bin"));
  copyFileSync(BB, join(root, "checkout/bb"));
  writeFileSync(join(root, "checkout/package-lock.json"), "{}");
  writeFileSync(
    join(root, "checkout/controller/cli/main.ts"),
    "const words: string[] = process.argv.slice(2); console.log(JSON.stringify(words)); process.exit(words.length);",
  );
  program("npm", NPM);
});
afterEach(() => rmSync(root, { recursive: true }));

function program(name: string, text: string): void {
  writeFileSync(join(root, "bin", name), text);
  chmodSync(join(root, "bin", name), 0o755);
}

const bb = (words: string[], options: { path?: string; cwd?: string; program?: string } = {}): Promise<Ran> =>
  run([options.program ?? join(root, "checkout/bb"), ...words], {
    cwd: options.cwd ?? root,
    environment: {
      PATH: options.path ?? `${join(root, "bin")}:/usr/bin:/bin`,
      NOTES: notes,
      NODE: process.execPath,
    },
  });
const installations = (): number =>
  existsSync(notes) ? readFileSync(notes, "utf8").trim().split("\n").length : 0;

describe("the launcher", () => {
  it("installs once, says so, and passes arguments and the exit code on", async () => {
    const first = await bb(["a b", "*"]);
    expect(first).toMatchObject({ code: 2, stdout: '["a b","*"]\n' });
    expect(first.stderr).toContain("installing dependencies with npm ci");
    expect(await bb([])).toMatchObject({ code: 0, stdout: "[]\n", stderr: "" });
    expect(readFileSync(notes, "utf8")).toMatch(/^npm ci /);
    expect(installations()).toBe(1);
  });

  it("installs again when the lockfile is newer, as after a pull", async () => {
    await bb([]);
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(root, "checkout/package-lock.json"), later, later);
    await bb([]);
    expect(installations()).toBe(2);
  });

  it("installs again after an installation that was cut off", async () => {
    await bb([]);
    rmSync(join(root, "checkout/node_modules/.package-lock.json"));
    await bb([]);
    expect(installations()).toBe(2);
  });

  it("installs once for two that start together", async () => {
    const both = await Promise.all([bb([]), bb([])]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(installations()).toBe(1);
    expect(existsSync(join(root, "checkout/.bb-install.lock"))).toBe(false);
  });

  it("works through links, relative and absolute, from any folder", async () => {
    symlinkSync(join(root, "checkout/bb"), join(root, "bin/absolute"));
    symlinkSync("absolute", join(root, "bin/relative"));
    expect(await bb(["x"], { program: join(root, "bin/relative"), cwd: "/" })).toMatchObject({
      stdout: '["x"]\n',
    });
  });

  it("says what is wrong when npm fails or is not there, and leaves no lock", async () => {
    program("npm", "#!/bin/sh\necho no network >&2\nexit 1\n");
    const failed = await bb([]);
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toMatch(/no network[\s\S]*npm ci failed/);
    expect(existsSync(join(root, "checkout/.bb-install.lock"))).toBe(false);
    rmSync(join(root, "bin/npm"));
    for (const tool of ["sh", "dirname", "readlink", "mkdir", "rmdir", "sleep"]) {
      symlinkSync(`/bin/${tool}`, join(root, "bin", tool));
    }
    const missing = await bb([], { path: join(root, "bin") });
    expect(missing).toMatchObject({ code: 1, stdout: "" });
    expect(missing.stderr).toContain("npm is needed once");
  });

  it("refuses a Node older than 24", async () => {
    program("npm", NPM.replace('ln -s "$NODE" node_modules/.bin/node', ":"));
    program("node", "#!/bin/sh\ncase $1 in -p) echo 20 ;; --version) echo v20.1.0 ;; *) echo ran ;; esac\n");
    const ran = await bb([]);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toMatch(/needs Node\.js 24 or newer; .* is v20\.1\.0/);
  });
});
