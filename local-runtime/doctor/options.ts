import type { WantedImage } from "../../reconcilers/contract/image-store.ts";
import type { LocalImageStore } from "../images/index.ts";

/** Where the doctor looks. */
export interface DoctorOptions {
  readonly stateDir: string;
  readonly cacheDir: string;
  readonly dockerSocket: string;
  /** files of extra CA certificates, by the variable that names each */
  readonly caFiles: Readonly<Record<string, string>>;
  /** value of PATH */
  readonly path: string;
  readonly images: Pick<LocalImageStore, "ensure" | "has">;
  /** images that bottles need, with a name for people */
  readonly wantedImages: readonly { readonly name: string; readonly image: WantedImage }[];
}

/** How a repair is followed and ended. */
export interface Follow {
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}
