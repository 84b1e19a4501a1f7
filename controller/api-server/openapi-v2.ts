/** as new API servers write it: the one that is asked for, with an @, is no media type */
const MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/**
 * `/openapi/v2`: an empty document. kubectl asks for it about a kind that the v3 documents do not have, and without an
 * answer says that validation failed; with one it says what is wrong: that there is no such kind.
 */
export function emptyOpenApiV2(version: string): { readonly mediaType: string; readonly body: string } {
  const info = field(1, "bot-bottle") + field(2, version);
  return { mediaType: MEDIA_TYPE, body: field(1, "2.0") + field(2, info) };
}

/** A text or a message as a field of a protobuf message; both are ASCII and short. */
const field = (number: number, content: string): string =>
  String.fromCharCode((number << 3) | 2, content.length) + content;
