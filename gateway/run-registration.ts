/** What a command is told that runs with an identity of its own. */

import type { RunRegistration } from "./control-api.ts";
import type { Run } from "./run.ts";
import { proxyUserName } from "./xds.ts";

/** Its identity, with the secret of its credential in the proxy's URL. */
export function runRegistration(
  run: Pick<Run, "runId" | "agent" | "root" | "invocationId" | "gateway">,
  token: string,
  {
    proxy,
    ...rest
  }: Pick<RunRegistration, "trust" | "telemetryToken"> & {
    readonly proxy: { readonly address: string; readonly port: number };
  },
): RunRegistration {
  const { runId, invocationId, gateway } = run;
  const host = proxy.address.includes(":") ? `[${proxy.address}]` : proxy.address;
  const proxyUrl = `http://${proxyUserName({ ...run, agent: run.agent.name })}:${token}@${host}:${proxy.port}`;
  return { runId, invocationId, gateway, proxyUrl, ...rest };
}
