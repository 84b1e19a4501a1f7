import { deny, type Interceptor } from "../exchange.ts";

const PUSH = /git-receive-pack/i;

/** Refuses pushes of git over https on every route: pushes go through git-gate, which scans commits. */
export function gitPush(): Interceptor {
  return (next) => async (exchange) => {
    const { path, alternativePath, query } = exchange.head;
    const isPush = PUSH.test(path) || PUSH.test(alternativePath) || PUSH.test(decoded(query));
    if (!isPush) return next(exchange);
    return deny({ code: "GitPushRefused", because: "git push over https is refused on every route" });
  };
}

/** Bytes that do not decode are left as they are: a server would not read a service's name in them. */
function decoded(query: string): string {
  return query.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
