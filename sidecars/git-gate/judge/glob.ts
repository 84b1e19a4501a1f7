const TOKEN = /\*\*\/|\*\*|\*|\?|[^*?]+/g;
const MEANINGS: Readonly<Record<string, string>> = {
  "**/": "(?:.*/)?",
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
};

/** What a glob matches, whole: `*` and `?` stay within one segment of a path, `**` crosses them. */
export function globPattern(glob: string, flags = ""): RegExp {
  const source = glob.replace(TOKEN, (token) => MEANINGS[token] ?? RegExp.escape(token));
  return new RegExp(`^${source}$`, `s${flags}`);
}
