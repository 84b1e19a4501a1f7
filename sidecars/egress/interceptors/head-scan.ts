import type { Finding } from "../../detection/index.ts";
import { deny, type Interceptor } from "../exchange.ts";
import { inspectionContext } from "../inspection-context.ts";
import { pairsOf } from "../request/fields.ts";

/** Looks for secrets in method, host, path, query and the fields as they will be sent, before the host is resolved. */
export function headScan(): Interceptor {
  return (next) => async (exchange) => {
    const { head, enforcement } = exchange;
    const asked = {
      method: head.method,
      host: head.host,
      path: head.path + exchange.query,
      headers: pairsOf(exchange.headers),
    };
    const inspection = await exchange.times.scanSlowly(() =>
      enforcement.detector.inspectHead(asked, inspectionContext(exchange)),
    );
    if (inspection.kind === "found") {
      return deny({ code: "SecretInHead", ...describeFinding(inspection.finding) });
    }
    if (inspection.kind === "opaque") return deny(inspection);
    exchange.headIsClean = true;
    return next(exchange);
  };
}

/** What a denial says of a finding: where and what kind, never the value. */
export function describeFinding({ rule, location, shape }: Finding): { because: string; rule: string } {
  return { because: `the request holds a secret (${rule}) in ${location}: ${shape}`, rule };
}
