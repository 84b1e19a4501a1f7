/** The API group and version of all kinds here. */
export const GROUP = "bot-bottle.dev";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}` as const;
