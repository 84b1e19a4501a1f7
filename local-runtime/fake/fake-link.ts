import type { Duplex } from "node:stream";
import { RuntimeUnavailableError, SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type { LinkProbe, LinkReport } from "../../reconcilers/contract/sandbox-runtime.ts";
import type { SidecarControl } from "../../reconcilers/contract/sidecar-control.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { stateOf } from "./fake-runtime.ts";

/** LinkProbe on a FakeEngine: the nonce arrives when airlock and sidecars of one bottle run. */
export function createFakeLinkProbe(engine: FakeEngine): LinkProbe {
  return {
    async probeLink(airlockName, { nonce }): Promise<LinkReport> {
      return engine.call(`probeLink ${airlockName}`, () => {
        const airlock = engine.sandboxes.get(airlockName);
        if (airlock?.phase !== "running") throw new SandboxNotFoundError(`${airlockName} does not run`);
        const sidecars = [...engine.sandboxes.values()].find(
          ({ spec }) => spec.role === "sidecars" && spec.owner.uid === airlock.spec.owner.uid,
        );
        const answered = sidecars?.phase === "running" && !engine.linkIsStarved;
        if (answered) sidecars.sidecars?.noteNonce(nonce);
        return {
          foreignInterfaces: engine.foreign.interfaces,
          foreignListeners: engine.foreign.listeners,
          answered,
          airlock: stateOf(airlock),
        };
      });
    },
  };
}

/** SidecarControl on a FakeEngine. */
export function createFakeSidecarControl(engine: FakeEngine): SidecarControl {
  return {
    async open(name): Promise<Duplex> {
      return engine.call(`open ${name}`, () => {
        const sandbox = engine.sandboxes.get(name);
        if (sandbox === undefined) throw new SandboxNotFoundError(`no sandbox ${name}`);
        if (sandbox.sidecars === undefined)
          throw new RuntimeUnavailableError(`${name} has no control channel`);
        return sandbox.sidecars.attach();
      });
    },
  };
}
