/**
 * How Envoy asks the engine about a new raw connection: its network rate limit filter does so before anything is dialled,
 * and closes the connection when it is refused or nobody answers.
 */

import { typedExtension } from "../any.ts";
import { CONNECTION_KEY } from "../headers.ts";
import { duration, uint32 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import { engineService, messageTimeoutMs } from "./engine-filter.ts";
import { FILTER_STATE, filterStateFormat } from "./filter-state.ts";

/** Namespace of the metadata in which Envoy keeps what the engine answered: the name of its filter. */
export const connectionLimitFilterName = "envoy.filters.network.ratelimit";

/** The filter of connections that are decided by the plan of that id. */
export function connectionLimitFilter(plan: string) {
  const { RateLimit } = envoy.extensions.filters.network.ratelimit.v3;
  return typedExtension(connectionLimitFilterName, RateLimit, {
    statPrefix: "engine",
    domain: "clrk",
    descriptors: [
      {
        entries: [
          { key: CONNECTION_KEY.plan, value: plan },
          { key: CONNECTION_KEY.caller, value: filterStateFormat(FILTER_STATE.caller) },
        ],
      },
    ],
    timeout: duration(messageTimeoutMs),
    failureModeDeny: true,
    rateLimitService: {
      grpcService: {
        ...engineService("connection"),
        retryPolicy: {
          numRetries: uint32(3),
          retryOn: "connect-failure,refused-stream,reset-before-request",
          // Envoy 1.40 takes the longest pause for the time of a try, too, where a question is one message.
          retryBackOff: { baseInterval: duration(1), maxInterval: duration(messageTimeoutMs) },
        },
      },
      transportApiVersion: envoy.config.core.v3.ApiVersion.V3,
    },
  });
}
