/** What an engine that answers says of itself. */
export interface EngineFacts {
  readonly version: string;
  readonly apiVersion: string;
  /** of the machine that it runs on: a Mac's engine runs Linux */
  readonly operatingSystem: string;
  readonly cgroupVersion: string;
  readonly storageDriver: string;
  readonly securityOptions: readonly string[];
  readonly rootFolder: string;
  /** limits that the kernel lets it set */
  readonly limits: { readonly memory: boolean; readonly pids: boolean; readonly cpu: boolean };
  readonly forwardsIpv4: boolean;
  /** how long it took to say so */
  readonly answeredInMs: number;
}

export type EngineState =
  | { readonly kind: "answers"; readonly facts: EngineFacts }
  | { readonly kind: "noSocket" | "nobodyListens" | "noRights" | "silent" }
  | { readonly kind: "broken"; readonly message: string };

/** What starts programs on the machine. */
export type InitSystem = "systemd" | "sysvinit" | "none";

export interface MachineFacts {
  readonly platform: string;
  /** 0 is root; undefined where users have no number */
  readonly uid: number | undefined;
  readonly nodeVersion: string;
  /** whether packages can be had with apt-get */
  readonly debianLike: boolean;
  readonly init: InitSystem;
  /** the engine's program; undefined when it is not installed */
  readonly dockerd: string | undefined;
  /** whether a dockerd runs here, reachable or not */
  readonly dockerRunning: boolean;
  /** the program's path */
  readonly npm: string | undefined;
  /** its version */
  readonly kubectl: string | undefined;
}

export interface DiskFacts {
  /** what lies there, for people */
  readonly holds: string;
  readonly path: string;
  readonly freeBytes: number;
}

export interface CaFacts {
  /** variable that names the file */
  readonly variable: string;
  readonly path: string;
  /** undefined when it cannot be read */
  readonly certificates: number | undefined;
}

export interface StateFolderFacts {
  readonly path: string;
  readonly state:
    | { readonly kind: "absent"; readonly parentWritable: boolean }
    | { readonly kind: "present"; readonly mode: number; readonly ours: boolean; readonly isFolder: boolean };
  /** process ids of the control planes that run on it */
  readonly controlPlanes: readonly number[];
}

export interface ImagePresence {
  readonly name: string;
  readonly present: boolean;
}

/** All that the doctor looked at. */
export interface Facts {
  readonly socketPath: string;
  readonly machine: MachineFacts;
  readonly engine: EngineState;
  readonly disks: readonly DiskFacts[];
  readonly caFiles: readonly CaFacts[];
  readonly stateFolder: StateFolderFacts;
  /** undefined when no engine could be asked */
  readonly images: readonly ImagePresence[] | undefined;
}
