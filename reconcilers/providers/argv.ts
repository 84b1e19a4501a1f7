import type { Provider } from "./provider.ts";

/** What to go on with: a new session, the newest one, or one by its id. */
export type SessionChoice = "new" | "newest" | { readonly id: string };

/** Argv of a terminal session with the provider. */
export function attachArgv(provider: Provider, session: SessionChoice = "new"): string[] {
  return [...provider.argv.base, ...sessionArgv(provider, session)];
}

/** Argv of one task without a terminal, answered in JSON where the provider can. */
export function runArgv(provider: Provider, task: string, session: SessionChoice = "new"): string[] {
  const { base, run, json } = provider.argv;
  return [...base, ...sessionArgv(provider, session), ...run, task, ...json];
}

function sessionArgv({ argv }: Provider, session: SessionChoice): readonly string[] {
  if (session === "new") return [];
  return session === "newest" ? argv.resume : [...argv.resumeSession, session.id];
}
