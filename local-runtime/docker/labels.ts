import type {
  Owner,
  SandboxRole,
  SandboxSpec,
  VolumeRole,
  VolumeSpec,
} from "../../reconcilers/contract/sandbox-runtime.ts";
import { SANDBOX_ROLES, VOLUME_ROLES } from "../../reconcilers/contract/sandbox-runtime.ts";
import { LABELS } from "../../reconcilers/shared/naming.ts";

/** Labels as the engine has them; absent for things without any. */
export type Labels = Readonly<Record<string, string>>;

/** Hash of how a container was made (make.ts). */
export const MAKE_LABEL = "bot-bottle.dev/make";

function ownerLabels({ uid, namespace, name }: Owner, instance: string): Labels {
  return {
    [LABELS.instance]: instance,
    [LABELS.uid]: uid,
    [LABELS.namespace]: namespace,
    [LABELS.name]: name,
  };
}

/** Labels of a wanted container. */
export function sandboxLabels({ owner, role, specHash }: SandboxSpec, instance: string): Labels {
  return { ...ownerLabels(owner, instance), [LABELS.role]: role, [LABELS.specHash]: specHash };
}

/** Labels of a wanted volume. */
export function volumeLabels({ owner, role }: VolumeSpec, instance: string): Labels {
  return { ...ownerLabels(owner, instance), [LABELS.role]: role };
}

/** Whether `labels` has every one of `wanted`. */
export function hasLabels(labels: Labels | null | undefined, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels?.[key] === value);
}

/** The owner that labels name; undefined when one is missing. */
export function ownerOf(labels: Labels): Owner | undefined {
  const [uid, namespace, name] = [labels[LABELS.uid], labels[LABELS.namespace], labels[LABELS.name]];
  if (uid === undefined || namespace === undefined || name === undefined) return undefined;
  return { uid, namespace, name };
}

/** The sandbox role that labels name; undefined when there is none. */
export function sandboxRoleOf(labels: Labels): SandboxRole | undefined {
  return SANDBOX_ROLES.find((role) => role === labels[LABELS.role]);
}

/** The volume role that labels name; undefined when there is none. */
export function volumeRoleOf(labels: Labels): VolumeRole | undefined {
  return VOLUME_ROLES.find((role) => role === labels[LABELS.role]);
}

/** The engine's list filter for an instance and, when given, one owner. */
export function labelFilter(instance: string, ownerUid?: string): { label: string[] } {
  const owner = ownerUid === undefined ? [] : [`${LABELS.uid}=${ownerUid}`];
  return { label: [`${LABELS.instance}=${instance}`, ...owner] };
}
