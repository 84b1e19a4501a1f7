import { createServer, type Server, type Socket } from "node:net";
import { ConnectionLimit } from "../connection-limit.ts";

/** longer than a question can be, with EDNS */
const MAX_MESSAGE_BYTES = 1_024;
const LENGTH_BYTES = 2;
/** more than the airlock lets through (local-runtime/images/airlock/nginx.conf) */
const MAX_CONNECTIONS = 128;

/**
 * DNS over a stream (RFC 7766): each message after its length. Queries of one connection are answered in their order;
 * one that does not take its answers is not read from.
 */
export function createDnsServer(answer: (message: Buffer) => Buffer | undefined): Server {
  const connections = new ConnectionLimit(MAX_CONNECTIONS);
  return createServer((socket) => {
    connections.add(socket);
    let begun: Buffer = Buffer.alloc(0);
    socket.on("error", () => socket.destroy());
    socket.on("drain", () => socket.resume());
    socket.on("data", (chunk: Buffer) => {
      connections.touch(socket);
      begun = begun.length === 0 ? chunk : Buffer.concat([begun, chunk]);
      for (let message = first(begun); message !== undefined; message = first(begun)) {
        begun = begun.subarray(LENGTH_BYTES + message.length);
        send(socket, answer(message));
      }
      if (begun.length >= LENGTH_BYTES && begun.readUInt16BE(0) > MAX_MESSAGE_BYTES) socket.destroy();
    });
  });
}

/** The first message when all of it is there. */
function first(bytes: Buffer): Buffer | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const length = bytes.readUInt16BE(0);
  if (length > MAX_MESSAGE_BYTES || bytes.length < LENGTH_BYTES + length) return undefined;
  return bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
}

function send(socket: Socket, message: Buffer | undefined): void {
  if (message === undefined) return;
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(message.length);
  if (!socket.write(Buffer.concat([length, message]))) socket.pause();
}
