/** A Bottle to be written. */
export const aDraft = (name: string, metadata: object = {}, spec: object = {}) => ({
  apiVersion: "bot-bottle.dev/v1alpha1" as const,
  kind: "Bottle" as const,
  metadata: { namespace: "default", name, ...metadata },
  spec,
});
