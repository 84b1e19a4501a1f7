import { ALLOWED_SYSCALLS } from "./allowed-syscalls.ts";

/** A condition on one argument of a system call. */
interface ArgumentRule {
  readonly index: number;
  readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ";
  /** compared value, or the mask */
  readonly value: number;
  /** with a mask: what the masked argument must be */
  readonly valueTwo?: number;
}

interface SyscallRule {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly args?: readonly ArgumentRule[];
  readonly errnoRet?: number;
}

/** A seccomp profile in the engine's JSON form. */
export interface SeccompProfile {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly syscalls: readonly SyscallRule[];
}

const ENOSYS = 38;

/** AF_UNIX, AF_INET, AF_INET6: no AF_VSOCK, which leaves every network namespace, and no raw link layer. */
const SOCKET_FAMILIES = [1, 2, 10];
const AF_UNIX = 1;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;

/** CLONE_NEW* for mounts, cgroups, hostname, messages, users, processes and network. */
const NAMESPACE_FLAGS = 0x7e02_0000;

/** Look like Linux, and ask what one looks like; the other personalities switch protections off. */
const PERSONALITIES = [0, 0xffff_ffff];

const equals = (index: number, value: number): ArgumentRule => ({ index, op: "SCMP_CMP_EQ", value });

const allow = (name: string, ...args: readonly ArgumentRule[]): SyscallRule => ({
  names: [name],
  action: "SCMP_ACT_ALLOW",
  args,
});

/**
 * The system calls that a sandbox may make: a list of our own, everything else is refused.
 *
 * No architecture is named, so only the machine's own calls exist: the 32-bit `socketcall` would hide the family
 * from the filter.
 */
export function seccompProfile(): SeccompProfile {
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    syscalls: [
      { names: Object.values(ALLOWED_SYSCALLS).flat(), action: "SCMP_ACT_ALLOW" },
      ...SOCKET_FAMILIES.map((family) => allow("socket", equals(0, family))),
      allow("socket", equals(0, AF_NETLINK), equals(2, NETLINK_ROUTE)),
      allow("socketpair", equals(0, AF_UNIX)),
      ...PERSONALITIES.map((personality) => allow("personality", equals(0, personality))),
      allow("clone", { index: 0, op: "SCMP_CMP_MASKED_EQ", value: NAMESPACE_FLAGS, valueTwo: 0 }),
      // Its flags lie in memory, where a filter cannot look; on ENOSYS libc uses clone.
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    ],
  };
}
