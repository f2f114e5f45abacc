/** What this machine is reached by. */

import { networkInterfaces } from "node:os";

/** Addresses of this machine's own interfaces: never dialled unless a route names them. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address),
  );
}
