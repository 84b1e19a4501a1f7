import type { Socket } from "node:net";

/** Writes a request over HTTP/1.1 and reads its answer, which says its length. Rejects when the connection ends before. */
export function answerOf(
  socket: Socket,
  request: string | Buffer,
): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (act: () => void): void => {
      socket.off("data", onData).off("close", onClose);
      act();
    };
    const onClose = (): void =>
      settle(() => reject(new Error("the connection was closed without an answer")));
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf("\r\n\r\n");
      if (end === -1) return;
      const head = received.subarray(0, end).toString("latin1");
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      const body = received.subarray(end + 4);
      if (body.length < length) return;
      settle(() => resolve({ status: Number(head.split(" ")[1]), body }));
    };
    socket.on("data", onData).on("close", onClose);
    socket.write(request);
  });
}
