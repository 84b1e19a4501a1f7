/** The one part of undici that the proxy uses: the whole of it would make every start of the sidecars slower. */
declare module "undici/lib/dispatcher/pool.js" {
  import type { Pool } from "undici";
  const constructor: new (...parameters: ConstructorParameters<typeof Pool>) => Pool;
  export default constructor;
}
