import { execa } from "execa";

const DEFAULT_MIRROR = "http://deb.debian.org/debian";

/** The Debian mirror that this machine installs from, or Debian's own where it names none. */
export async function debianMirror(signal: AbortSignal): Promise<string> {
  const { stdout = "" } = await execa(
    "apt-get",
    ["indextargets", "--format", "$(ORIGIN) $(SUITE) $(REPO_URI)", "Created-By: Packages"],
    { cancelSignal: signal, reject: false },
  );
  return mirrorIn(stdout);
}

/** The first main archive among lines of origin, suite and address. */
export function mirrorIn(indexTargets: string): string {
  const lines = indexTargets.split("\n").map((line) => line.split(" "));
  const main = lines.find(
    ([origin, suite = ""]) => origin === "Debian" && !/security|updates|backports/.test(suite),
  );
  return main?.[2]?.replace(/\/$/, "") ?? DEFAULT_MIRROR;
}
