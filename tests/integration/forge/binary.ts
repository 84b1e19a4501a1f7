import { GoTool } from "../go-tool.ts";

const PACKAGE = "code.gitea.io/gitea";

/** A forge on this machine: a program, and the folder with the texts that it reads. */
interface ForgeBinary {
  readonly program: string;
  readonly texts: string;
}

const gitea = new GoTool({
  folder: import.meta.dirname,
  module: PACKAGE,
  package: PACKAGE,
  flags: (version) => [
    "-ldflags",
    `-s -w -X main.Version=${version}`,
    "-tags",
    "sqlite sqlite_unlock_notify",
  ],
  // for its SQLite
  cgo: true,
});

/** Why no Gitea can be had on this machine; undefined when one can. */
export function whyNoForge(): string | undefined {
  return gitea.whyNot();
}

/** Builds it when it is missing, four minutes on two cores. */
export function ensureForge(): ForgeBinary {
  const program = gitea.ensure();
  gitea.goSays("mod", "download", PACKAGE);
  return { program, texts: gitea.goSays("list", "-m", "-f", "{{.Dir}}", PACKAGE) };
}
