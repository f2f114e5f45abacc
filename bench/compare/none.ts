/** Contender `none`: plain Envoy with one worker and a static certificate, no gateway process. */
import type { Contender, RunningContender, StartOptions } from "../load/contender.ts";
import { envoyBinary, findEnvoy } from "./envoy-binary.ts";
import { noneBootstrap } from "./none-config.ts";
import { startPlainEnvoy } from "./plain-envoy.ts";

/** The floor that the gateway is compared with; `environment` names the Envoy binary. */
export function createNone(environment: Readonly<Record<string, string | undefined>>): Contender {
  const binary = envoyBinary(environment);
  return {
    name: "none",
    modes: ["connect", "transparent"],
    injectsCredential: false,
    find: () => findEnvoy(binary),
    start: (options) => startEnvoy(binary, options),
  };
}

async function startEnvoy(binary: string, options: StartOptions): Promise<RunningContender> {
  const { authority, directory, mode } = options;
  const { program, ports } = await startPlainEnvoy({
    name: "envoy (none)",
    binary,
    bootstrap: noneBootstrap({ ...options, ...authority, upstreamCaFile: authority.caFile }),
    directory,
    listeners: ["proxy"],
  });
  return {
    proxy: { host: "127.0.0.1", port: ports.get("proxy") ?? 0 },
    mode,
    caPem: authority.caPem,
    pids: { envoy: program.pid },
    stop: () => program.stop(),
  };
}
