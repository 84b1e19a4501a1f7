import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { type PushRepository, SECRET } from "./git-push-kit.ts";

/** What is pushed: an object, as a branch when no other ref is named. */
interface Pushed {
  readonly ref?: string;
  readonly to: string;
}
/** Makes objects with the secret in them. */
export type Hiding = (repository: PushRepository) => Pushed;

const branch = (to: string): Pushed => ({ to });
const tagged = (to: string): Pushed => ({ ref: "refs/tags/v1", to });

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const line = `key=${SECRET}\n`;
const base64 = Buffer.from(`the key of the account is ${SECRET}, keep it`).toString("base64");

/** A zip archive of one compressed entry, without the list at its end, which nobody here reads. */
export function zipOf(content: string | Buffer, { method = 8 } = {}): Buffer {
  const head = Buffer.alloc(30);
  head.write("PK\x03\x04", "latin1");
  head.writeUInt16LE(method, 8);
  head.writeUInt16LE(1, 26);
  return Buffer.concat([head, Buffer.from("a"), deflateRawSync(content)]);
}

const inFiles: Record<string, Buffer | string> = {
  "a plain file": line,
  "a file with NULs": Buffer.from(`\0\0\0${line}\0`),
  "a UTF-16 file": utf16(`\ufeff${line}`),
  "a big-endian UTF-16 file": utf16(`\ufeff${line}`).swap16(),
  "a UTF-32 file": Buffer.from([...line].flatMap((letter) => [letter.charCodeAt(0), 0, 0, 0])),
  "a file of bytes that are no text": Buffer.concat([
    Buffer.from([0xff, 0xfe, 0x80, 0x0a]),
    Buffer.from(line),
  ]),
  "a gzipped file": gzipSync(line),
  "a zstd file": zstdCompressSync(line),
  "a zip archive": zipOf(line),
  "a zip archive that says its entry is stored": zipOf(line, { method: 0 }),
  "a zip archive behind something else": Buffer.concat([Buffer.from("#!/bin/sh\n"), zipOf(line)]),
  "a zip archive in a zip archive": zipOf(zipOf(line)),
  "a zip archive in a gzipped file": gzipSync(zipOf(line)),
  "a gzipped file somewhere in a tar": Buffer.concat([Buffer.alloc(512, "a"), gzipSync(line)]),
  "a stream of a PDF": Buffer.concat([Buffer.from("%PDF-1.7\nstream\n"), deflateSync(line)]),
  base64: base64,
  "base64 in lines": `${base64.slice(0, 40)}\n${base64.slice(40)}\n`,
  "base64 of gzip": gzipSync(line).toString("base64"),
  "base64 of UTF-16": utf16(`the key of the account is ${SECRET}, keep it`).toString("base64"),
  hex: Buffer.from(line).toString("hex"),
  "percent-encoding": [...line].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join(""),
  "a line with gitleaks:allow": `key=${SECRET} # gitleaks:allow\n`,
};

const inHistory: Record<string, Hiding> = {
  "a commit's message": (git) => branch(git.commit({ message: `${line}` })),
  "an author's name": (git) => branch(git.commit({ author: `${SECRET} <ann@example.com>` })),
  "an author's address": (git) => branch(git.commit({ author: `Ann <${SECRET}@example.com>` })),
  "a committer's name": (git) => branch(git.commit({ committer: `${SECRET} <ann@example.com>` })),
  "a header of a commit that nobody knows": (git) => branch(git.commit({ headers: `x-note ${SECRET}\n` })),
  "a header over several lines, encoded": (git) =>
    branch(git.commit({ headers: `gpgsig ${base64.slice(0, 40)}\n ${base64.slice(40)}\n` })),
  "a commit's bytes behind a NUL": (git) => branch(git.commit({ message: `words\0${SECRET}` })),
  "an evil merge": (git) => {
    const parents = ["ours", "theirs"].map((name) => git.commit({ files: { [name]: name } }));
    return branch(git.commit({ parents, files: { ours: "ours", theirs: "theirs", both: line } }));
  },
  "an octopus merge": (git) => {
    const parents = ["a", "b", "c", "d"].map((name) => git.commit({ files: { [name]: name } }));
    return branch(git.commit({ parents, files: { a: "a", b: "b", c: "c", d: line } }));
  },
  "one of several root commits": (git) => {
    const parents = ["clean", line].map((a) => git.commit({ files: { a } }));
    return branch(git.commit({ parents, files: { a: "clean" } }));
  },
  "a file that a later commit renames": (git) => {
    const parents = [git.commit({ files: { a: line } })];
    return branch(git.commit({ parents, files: { b: line } }));
  },
  "a commit whose successor removes it": (git) =>
    branch(git.commit({ parents: [git.commit({ files: { a: line } })], files: { a: "gone" } })),
  "the name of a file": (git) => branch(git.commit({ files: { [`a-${SECRET}.txt`]: "" } })),
  "the name of a directory": (git) => branch(git.commit({ files: { sub: { [SECRET]: { a: "" } } } })),
  "the target of a link": (git) =>
    branch(git.commit({ files: { link: { mode: "120000", id: git.object("blob", `/x/${SECRET}`) } } })),
  "the id of a submodule": (git) =>
    branch(
      git.commit({ files: { sub: { mode: "160000", id: Buffer.from(SECRET).toString("hex") }, z: "" } }),
    ),
  "the id of what has a mode that means nothing": (git) =>
    branch(git.commit({ files: { sub: { mode: "60000", id: Buffer.from(SECRET).toString("hex") }, z: "" } })),
  "the URL of a submodule": (git) =>
    branch(
      git.commit({
        files: { ".gitmodules": `[submodule "a"]\n\tpath = a\n\turl = https://x/?${SECRET}\n` },
      }),
    ),
  "a file that attributes hide": (git) =>
    branch(
      git.commit({
        files: { ".gitattributes": "* binary -diff export-ignore filter=hide diff=hide\n", a: line },
      }),
    ),
  "a file that the repository's scanner rules allow": (git) =>
    branch(
      git.commit({
        files: { ".gitleaks.toml": `[allowlist]\npaths=["a"]\n`, ".gitleaksignore": "a\n", a: line },
      }),
    ),
  "a tag's message": (git) => tagged(git.tag("commit", git.commit({}), line)),
  "a blob that a tag names": (git) => tagged(git.tag("blob", git.object("blob", line))),
  "a blob that is a tag": (git) => tagged(git.object("blob", line)),
  "a tree that a tag names": (git) => tagged(git.tag("tree", git.tree({ a: line }))),
  "what a tag of a tag names": (git) => tagged(git.tag("tag", git.tag("blob", git.object("blob", line)))),
  "a commit that only a tag reaches": (git) => tagged(git.tag("commit", git.commit({ files: { a: line } }))),
  "a note that is pushed as a branch": (git) => {
    git.git(["update-ref", "refs/heads/main", git.commit({})]);
    git.git(["notes", "add", "-m", line, "refs/heads/main"]);
    return branch(git.git(["rev-parse", "refs/notes/commits"]));
  },
};

/** Every way to hide the secret in what one ref reaches. */
export const hidings: Readonly<Record<string, Hiding>> = {
  ...inHistory,
  ...Object.fromEntries(
    Object.entries(inFiles).map(([name, content]): [string, Hiding] => [
      name,
      (git) => branch(git.commit({ files: { a: content } })),
    ]),
  ),
};
