/** Which chain a connection gets in the plan of a gateway, worked out as Envoy does. */
import type { GatewaySnapshot } from "../snapshot.ts";
import { planChains } from "../xds/chain-matcher.ts";
import { chainName } from "../xds/filter-chain.ts";
import { identitySeparator } from "../caller-parts.ts";
import { FILTER_STATE } from "../xds/filter-state.ts";
import { compileChains } from "../replay/chain-choice.ts";
import type { ConnectionFacts } from "../replay/chain-choice.ts";

/** A caller from identity TLVs */
export const agent = ["TaskAgent", "default", "researcher", "", "", ""].join(identitySeparator);

/** A connection; TLS to port 443 of a run unless said otherwise */
export interface Connection {
  readonly caller?: string;
  readonly port?: number;
  readonly dialledHost?: string;
  readonly sni?: string;
  readonly bytes?: "tls" | "http" | "raw";
  readonly address?: string;
}

function factsOf(connection: Connection): ConnectionFacts {
  const { caller = "run:run-1", port = 443, dialledHost, sni, bytes = "tls", address } = connection;
  return {
    filterState: {
      ...(caller !== "" && { [FILTER_STATE.caller]: caller }),
      [FILTER_STATE.port]: String(port),
      ...(dialledHost !== undefined && { [FILTER_STATE.dialledHost]: dialledHost }),
    },
    tls: bytes === "tls",
    ...(bytes === "http" && { protocols: "'http/1.1'" }),
    ...(sni !== undefined && { serverName: sni }),
    ...(address !== undefined && { address }),
  };
}

/** Name of the chain, without what a raw connection was let by by; throws when the plan has none of that name */
export function choose(gateway: GatewaySnapshot, connection: Connection): string | undefined {
  const { matcher, treatments } = planChains(gateway);
  const [chosen] = compileChains(matcher)(factsOf(connection)).names;
  const known = treatments.map((treatment) => chainName(treatment));
  if (chosen !== undefined && !known.includes(chosen)) throw new Error(`No chain "${chosen}"`);
  return chosen?.split("#")[0];
}
