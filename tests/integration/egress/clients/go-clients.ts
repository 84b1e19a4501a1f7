import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { GoTool } from "../../go-tool.ts";

const MODULE = "google.golang.org/grpc";

/** Why the Go clients cannot be built on this machine; undefined when they can. */
export function whyNoGoClients(): string | undefined {
  return new GoTool({ folder: import.meta.dirname, module: MODULE, package: "." }).whyNot();
}

/** Builds them into a folder; Go's cache makes that a matter of a second when it was done before. */
export function buildGoClients(folder: string): string {
  const program = join(folder, "go-clients");
  execFileSync("go", ["build", "-trimpath", "-o", program, "."], {
    cwd: import.meta.dirname,
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false -mod=readonly" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return program;
}
