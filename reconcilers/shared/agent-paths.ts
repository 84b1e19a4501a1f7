/** Where things are in the agent's sandbox, whatever its image. */
export const HOME_PATH = "/home/node";
export const WORKSPACE_PATH = `${HOME_PATH}/workspace`;
/** the system prompt; always there, empty when there is none */
export const PROMPT_PATH = `${HOME_PATH}/.bot-bottle-prompt.txt`;
/** git configuration that follows the spec; the agent's own ~/.gitconfig includes it */
export const GIT_CONFIG_PATH = `${HOME_PATH}/.bot-bottle-gitconfig`;
/** where a class may have canaries planted: looks worth stealing, and no program reads it */
export const CANARY_PATH = `${HOME_PATH}/.credentials.bak`;
/** the bottle's own CA certificate alone */
export const CA_PATH = "/etc/bot-bottle/ca.pem";
/** the public roots and the bottle's CA */
export const CA_BUNDLE_PATH = "/etc/bot-bottle/ca-bundle.pem";
/** the bottle's own CA certificate for Java, which reads no PEM */
export const JAVA_TRUST_STORE_PATH = "/etc/bot-bottle/ca.jks";
/** where Debian and its kin keep the system's bundle */
export const SYSTEM_BUNDLE_PATH = "/etc/ssl/certs/ca-certificates.crt";

/** The user that the agent's processes run as. */
export const AGENT_USER = { uid: 1000, gid: 1000 } as const;
