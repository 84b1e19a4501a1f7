/** The hash that names the objects of a repository, as git calls it. */
export type ObjectFormat = "sha1" | "sha256";

/** Of the repository that an id is from. */
export const formatOfId = (id: string): ObjectFormat => (id.length === 64 ? "sha256" : "sha1");
