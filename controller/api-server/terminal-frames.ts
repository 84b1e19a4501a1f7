import type { TerminalSize } from "../../reconcilers/contract/sandbox-exec.ts";
import type { Status } from "./status-error.ts";

/** The first byte of each message of `v4` and `v5.channel.k8s.io`. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** The subprotocols spoken here, the better first; v5 can close stdin, v4 cannot. */
export const SUBPROTOCOLS: readonly string[] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

const MAX_CELLS = 65_535;

/** A message on a channel. */
export const frame = (channel: number, content: Buffer | string): Buffer =>
  Buffer.concat([Buffer.of(channel), typeof content === "string" ? Buffer.from(content) : content]);

/** What a resize message asks for; undefined when it makes no sense. */
export function terminalSizeOf(content: Buffer): TerminalSize | undefined {
  try {
    const { Width, Height } = JSON.parse(content.toString("utf8")) as { Width?: unknown; Height?: unknown };
    return isCells(Width) && isCells(Height) ? { columns: Width, rows: Height } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

const isCells = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_CELLS;

/** How the command ended; kubectl exits with the code in the cause. */
export function exitStatus(exitCode: number): object {
  if (exitCode === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    reason: "NonZeroExitCode",
    message: `command terminated with exit code ${exitCode}`,
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

/** A failure of ours in the middle of a session. */
export const failureStatus = ({ message, reason, code }: Status): object => ({
  metadata: {},
  status: "Failure",
  reason,
  message,
  code,
});
