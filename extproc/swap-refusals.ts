/** Why requests with placeholders are refused, wherever they are looked for. */

import type { Refusal } from "./refusal.ts";

/** A placeholder's value is not there. */
export const valueMissing: Refusal = {
  status: 403,
  reason: "credential-missing",
  message: "Refused because the value that a placeholder stands for has not arrived",
};

/** A placeholder is where nobody takes it. */
export const misdirected: Refusal = {
  status: 403,
  reason: "placeholder-misdirected",
  message:
    "Refused because the request holds a placeholder that is for another host, or in a part of it where none is taken: see spec.placeholder.in of the policy",
};
