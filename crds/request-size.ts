/** How large a request's body may be, and what it may be said to be at most. */
import { integer, object } from "./schema.ts";

/** Largest bound of a body in `bytes`, 1 TiB: more passes no gateway within the time that a request has. */
export const maxRequestBytes: number = 2 ** 40;

/** The bound of a rule. */
export const requestSizeLimit = object({
  description: "How large requests may be",
  fields: {
    maxBytes: integer({
      description: "Most `bytes` of a body as it is sent",
      min: 1,
      max: maxRequestBytes,
    }),
  },
});
