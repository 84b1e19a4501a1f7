import type { PerMessageDeflateOptions } from "ws";

/**
 * permessage-deflate (RFC 7692) for whoever offers it, each side on its own.
 * Neither side keeps a window between messages, so that a connection holds
 * no memory while nothing is said.
 */
export function deflate(offer: string | undefined): PerMessageDeflateOptions | false {
  if (offer === undefined || !/permessage-deflate/i.test(offer)) return false;
  return { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 1024 };
}
