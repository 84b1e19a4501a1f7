import { createReadStream, createWriteStream, fstatSync, statSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/**
 * Where the image's entry point moved the control channel: answers leave on 3,
 * requests come on 4. Descriptor 1 is stderr then, so nothing that prints can
 * speak on the channel, and node gives neither 3 nor 4 to a child.
 */
export const ANSWERS = 3;
export const REQUESTS = 4;

/** Where the entry point listens for when git-gate's process is to start and to end. */
export const GATE_ASKS = 5;

/** Throws when the entry point did not move the control channel out of reach of stdin and stdout. */
export function assertPrivateChannel(): void {
  if (fstatSync(0).rdev !== statSync("/dev/null").rdev) {
    throw new Error("stdin may be the control channel: the entry point must point it at /dev/null");
  }
  if (identityOf(1) !== identityOf(2)) {
    throw new Error("stdout may be the control channel: the entry point must point it at stderr");
  }
  if (identityOf(ANSWERS) === identityOf(2)) {
    throw new Error("answers would mix with the audit: the entry point must keep stdout on descriptor 3");
  }
  if (!isStream(GATE_ASKS)) {
    throw new Error("git-gate could not be started: the entry point must listen on descriptor 5");
  }
}

/** Reads a descriptor without ever blocking the process, where its kind allows that. */
export function readerOf(descriptor: number): Readable {
  return isStream(descriptor)
    ? new Socket({ fd: descriptor, readable: true, writable: false })
    : createReadStream("", { fd: descriptor });
}

/** Writes to a descriptor without ever blocking the process, where its kind allows that. */
export function writerOf(descriptor: number): Writable {
  return isStream(descriptor)
    ? new Socket({ fd: descriptor, readable: false, writable: true })
    : createWriteStream("", { fd: descriptor });
}

function isStream(descriptor: number): boolean {
  const stat = fstatSync(descriptor);
  return stat.isFIFO() || stat.isSocket();
}

function identityOf(descriptor: number): string {
  const { dev, ino } = fstatSync(descriptor);
  return `${dev}:${ino}`;
}
