/** `enforcement`: whether decisions take effect or are only recorded; the same field on a gateway and on its routes. */
import { defaulted, enumeration } from "./schema.ts";

/** The field of a spec. `what` is what it is about, such as `the gateway`. */
export function enforcement(what: string) {
  return defaulted(
    enumeration({
      description: `Audit: what ${what} would refuse is let by and recorded; no credential is given for it that enforcement would not give`,
      values: ["Enforce", "Audit"],
    }),
    "Enforce",
  );
}
