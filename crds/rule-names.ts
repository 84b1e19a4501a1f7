/** Rule of the findings of what was planted in a bottle's home. */
export const CANARY_RULE = "canary";
/** Rule of the findings of the bottle's secrets. */
export const KNOWN_VALUE_RULE = "known-value";
/** Events and people go by these names, so no rule of an owner has one. Apart from the schemas, for those who find. */
export const RESERVED_RULE_NAMES: readonly string[] = [CANARY_RULE, KNOWN_VALUE_RULE];
