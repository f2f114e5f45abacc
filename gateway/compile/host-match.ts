/** Hosts of objects and providers as the snapshot has them. */

import { parseHostPattern } from "../../crds/host-pattern.ts";
import type { HostMatch } from "../snapshot.ts";

/** Every host. */
export const anyHost: HostMatch = { kind: "any", value: "" };

/** What a host text means; throws a RangeError for one that no schema would let through. */
export function hostMatch(text: string): HostMatch {
  const pattern = parseHostPattern(text);
  switch (pattern.kind) {
    case "exact":
      return { kind: "exact", value: pattern.host };
    case "wildcard":
      return { kind: "wildcard", value: pattern.suffix.slice(1) };
    case "ip":
      return { kind: "ip", value: pattern.address };
  }
}

/** Whether a credential may be bound to it: it names a host, or at least the domain of one. */
export function namesHost({ kind }: HostMatch): boolean {
  return kind === "exact" || kind === "wildcard";
}
