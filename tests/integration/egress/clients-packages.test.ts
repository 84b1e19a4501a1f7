import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClientWorld, need, startClientWorld } from "./clients-kit.ts";
import { startUpstream, type Upstream } from "./kit.ts";

/** Package managers as they are, each with a registry of its own on this machine that has one package. */

const HOST = "packages.example.com";
const PAYLOAD = "the words in the package";
need("npm", "python3");
const hasApt =
  process.platform === "linux" && canRun("apt-get", "--version") && canRun("dpkg-deb", "--version");
if (!hasApt) console.log("SKIPPED apt through the proxy: this machine has no apt-get and dpkg-deb");

let folder: string;
let upstream: Upstream;
let plain: Upstream;
let clients: ClientWorld;
/** what the registries serve, by path */
const served = new Map<string, Buffer | string>();

const answer: RequestListener = (request, response) => {
  const found = served.get(decodeURIComponent(request.url ?? ""));
  response.statusCode = found === undefined ? 404 : 200;
  if (request.url?.startsWith("/simple/")) response.setHeader("content-type", "text/html");
  response.end(found);
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bb-registries-"));
  serveNpmPackage();
  servePythonPackage();
  if (hasApt) serveDebianPackage();
  upstream = await startUpstream({ answer });
  plain = await startUpstream({ answer, plain: true });
  clients = await startClientWorld({
    egress: { routes: [{ host: HOST, methods: ["*"] }] },
    overrides: { [`${HOST}:443`]: upstream.port, [`${HOST}:80`]: plain.port },
  });
});

afterAll(async () => {
  await clients.close();
  upstream.close();
  plain.close();
  rmSync(folder, { recursive: true, force: true });
});

function canRun(...argv: [string, ...string[]]): boolean {
  try {
    execFileSync(argv[0], argv.slice(1), { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function serveNpmPackage(): void {
  const manifest = { name: "greeting", version: "1.0.0", main: "index.js" };
  write("npm/package/package.json", JSON.stringify(manifest));
  write("npm/package/index.js", `module.exports = ${JSON.stringify(PAYLOAD)};\n`);
  execFileSync("tar", ["-czf", "greeting-1.0.0.tgz", "package"], { cwd: join(folder, "npm") });
  const tarball = readFileSync(join(folder, "npm/greeting-1.0.0.tgz"));
  const dist = {
    tarball: `https://${HOST}/greeting/-/greeting-1.0.0.tgz`,
    integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}`,
  };
  served.set("/greeting/-/greeting-1.0.0.tgz", tarball);
  served.set(
    "/greeting",
    JSON.stringify({
      name: "greeting",
      "dist-tags": { latest: "1.0.0" },
      versions: { "1.0.0": { ...manifest, dist } },
    }),
  );
}

function servePythonPackage(): void {
  const name = "greeting-1.0.0-py3-none-any.whl";
  const about = "greeting-1.0.0.dist-info";
  const files = {
    "greeting.py": `WORDS = ${JSON.stringify(PAYLOAD)}\n`,
    [`${about}/METADATA`]: "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0.0\n",
    [`${about}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  };
  const record = [...Object.keys(files), `${about}/RECORD`].map((path) => `${path},,\n`).join("");
  for (const [path, text] of Object.entries({ ...files, [`${about}/RECORD`]: record })) {
    write(`wheel/${path}`, text);
  }
  const zip = ["-m", "zipfile", "-c", join(folder, name), "greeting.py", about];
  execFileSync("python3", zip, { cwd: join(folder, "wheel") });
  served.set("/simple/greeting/", `<!doctype html><a href="/wheels/${name}">${name}</a>`);
  served.set(`/wheels/${name}`, readFileSync(join(folder, name)));
}

function serveDebianPackage(): void {
  const control =
    "Package: greeting\nVersion: 1.0\nArchitecture: all\nMaintainer: t <t@e.example>\nDescription: x\n";
  write("deb/DEBIAN/control", control);
  write("deb/usr/share/greeting", `${PAYLOAD}\n`);
  execFileSync("dpkg-deb", ["--build", "--root-owner-group", "deb", "greeting.deb"], {
    cwd: folder,
    stdio: "ignore",
  });
  const bytes = readFileSync(join(folder, "greeting.deb"));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  // apt asks for /debian/./Packages, and an upstream is asked for paths without dots
  served.set("/debian/greeting.deb", bytes);
  served.set(
    "/debian/Packages",
    `${control}Filename: ./greeting.deb\nSize: ${bytes.length}\nSHA256: ${sha256}\n`,
  );
}

describe("npm", () => {
  it("installs a package", async () => {
    writeFileSync(join(clients.folder, "package.json"), "{}");
    const flags = ["--registry", `https://${HOST}/`, "--no-audit", "--no-fund", "--no-update-notifier"];
    const { code, output } = await clients.run("npm", "install", "greeting", ...flags);
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
    const installed = join(clients.folder, "node_modules/greeting/index.js");
    expect(readFileSync(installed, "utf8")).toContain(PAYLOAD);
  });
});

describe("pip", () => {
  it("installs a package", async () => {
    const target = join(clients.folder, "python");
    const flags = ["--disable-pip-version-check", "--no-cache-dir", "--target", target];
    const index = ["--index-url", `https://${HOST}/simple/`];
    const { code, output } = await clients.run(
      "python3",
      "-m",
      "pip",
      "install",
      ...flags,
      ...index,
      "greeting",
    );
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
    expect(readFileSync(join(target, "greeting.py"), "utf8")).toContain(PAYLOAD);
  });
});

describe.runIf(hasApt).each(["http", "https"])("apt over %s", (scheme) => {
  it("reads an archive and fetches a package", async () => {
    const root = join(clients.folder, `apt-${scheme}`);
    for (const path of ["etc/apt.conf.d", "etc/preferences.d", "lists/partial", "cache/archives/partial"]) {
      mkdirSync(join(root, path), { recursive: true });
    }
    writeFileSync(join(root, "status"), "");
    writeFileSync(join(root, "sources.list"), `deb [trusted=yes] ${scheme}://${HOST}/debian ./\n`);
    const settings = {
      "Dir::Etc": join(root, "etc"),
      "Dir::Etc::SourceList": join(root, "sources.list"),
      "Dir::Etc::SourceParts": "-",
      "Dir::State": root,
      "Dir::State::Lists": join(root, "lists"),
      "Dir::State::Status": join(root, "status"),
      "Dir::Cache": join(root, "cache"),
      "Acquire::https::CaInfo": join(clients.folder, "ca.pem"),
      "APT::Sandbox::User": "",
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    const update = await clients.run("apt-get", ...options, "update");
    expect([update.code, update.output.match(/^[EW]:.*$/gm)]).toEqual([0, null]);
    const download = await clients.run("apt-get", ...options, "download", "greeting");
    expect([download.code, download.code === 0 ? "" : download.output]).toEqual([0, ""]);
    const { output } = await clients.run(
      "dpkg-deb",
      "--fsys-tarfile",
      join(clients.folder, "greeting_1.0_all.deb"),
    );
    expect(output).toContain(PAYLOAD);
    rmSync(join(clients.folder, "greeting_1.0_all.deb"));
  });
});
