/** Which of the served EgressGateways somebody means by a name, or by none. */

import { ClrkError } from "./errors.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";

/**
 * The one gateway that is called `wanted` (`name` or `namespace/name`), or the only one there is. Throws
 * CLRK_PRECONDITION_FAILED with a sentence for people when there is none or more than one.
 */
export function chooseGateway<
  Served extends { readonly gateway: Pick<GatewaySnapshot, "namespace" | "name"> },
>(served: readonly Served[], wanted: string | undefined): Served {
  const names = served.map(({ gateway }) => gatewayKey(gateway)).join(", ");
  const fitting = served.filter(
    ({ gateway }) =>
      wanted === undefined || wanted === gateway.name || wanted === gatewayKey(gateway),
  );
  const [first] = fitting;
  if (first === undefined) {
    throw refused(
      wanted === undefined
        ? "No EgressGateway is served: apply one first"
        : `No EgressGateway "${wanted}" is served here: there are ${names || "none"}`,
    );
  }
  if (fitting.length > 1) {
    throw refused(`Several EgressGateways are served (${names}): say which with --gateway`);
  }
  return first;
}

function refused(message: string): ClrkError {
  return new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message });
}
