/** How a caller that TLVs identify is written in one string of Envoy's filter state. */

/** Between the parts of a transparent caller; a control character that no Kubernetes name can hold. */
export const identitySeparator = "\u001f";

/** Order of the parts inside `FILTER_STATE.caller`. */
export const callerParts = [
  "kind",
  "namespace",
  "name",
  "uid",
  "revision",
  "invocationId",
] as const;
