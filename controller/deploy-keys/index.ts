/** Deploy keys at forges: what the rest of the controller may use of it. */
export { ForgeDeployKeys } from "./forge-deploy-keys.ts";
