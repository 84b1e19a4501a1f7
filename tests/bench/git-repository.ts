import { spawn } from "node:child_process";
import { createCipheriv, createHash } from "node:crypto";
import { once } from "node:events";

/** What a repository is made of. */
export interface RepositoryShape {
  readonly commits: number;
  /** of the one file that each commit changes */
  readonly bytesPerCommit: number;
  readonly files: number;
}

/** Fills a bare repository's `main` with commits of random bytes, by git fast-import. The same shape gives the same ids. */
export async function fillRepository(gitDir: string, shape: RepositoryShape): Promise<void> {
  const child = spawn("git", ["-C", gitDir, "fast-import", "--quiet", "--depth=1"], {
    stdio: ["pipe", "inherit", "inherit"],
    env: { PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1", HOME: gitDir },
  });
  const ended = once(child, "exit");
  for (let index = 0; index < shape.commits; index += 1) {
    if (!child.stdin.write(commandsOf(index, shape))) await once(child.stdin, "drain");
  }
  child.stdin.end("done\n");
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import failed with ${code}`);
}

function commandsOf(index: number, { bytesPerCommit, files }: RepositoryShape): Buffer {
  const bytes = noise(String(index), bytesPerCommit);
  const path = `folder-${index % 50}/file-${index % files}.bin`;
  const when = 1_600_000_000 + index * 60;
  const head = [
    "commit refs/heads/main",
    `mark :${index + 1}`,
    `committer Ann <ann@example.com> ${when} +0000`,
    `data ${`Change ${path}\n`.length}`,
    `Change ${path}`,
    ...(index === 0 ? [] : [`from :${index}`]),
    `M 100644 inline ${path}`,
    `data ${bytes.length}`,
    "",
  ].join("\n");
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from("\n")]);
}

/** Bytes that look random and that nothing compresses, always the same ones for a seed. */
export function noise(seed: string, length: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
