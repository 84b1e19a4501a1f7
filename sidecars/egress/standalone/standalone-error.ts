/** The proxy alone cannot start or reload; the message is for people and quotes no secret. */
export class StandaloneError extends Error {
  override readonly name = "StandaloneError";
}
