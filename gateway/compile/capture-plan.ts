/**
 * What of the requests of a rule is kept in their records. For each direction the first LoggingPolicy of the rule that
 * says something decides, and where none does the gateway's `otlp.captureBody`, which asks for both. How much is kept,
 * and of which media types, is the gateway's to say.
 */

import type { EgressGateway } from "../../crds/egress-gateway.ts";
import { captureDefaults } from "../../crds/egress-gateway.ts";
import type { LoggingPolicy } from "../../crds/logging-policy.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { CapturePlan } from "../snapshot.ts";

/** A plan, and who asked for it. */
export interface Capture {
  readonly plan: CapturePlan;
  /** Parts of a sentence, such as `keeps request bodies (LoggingPolicy default/full)` */
  readonly why: readonly string[];
}

/** What policies, in the order of the rule's filters, and the gateway ask for; undefined when nothing is kept. */
export function capturePlan(
  policies: readonly LoggingPolicy[],
  gateway: EgressGateway,
): Capture | undefined {
  const request = findAuthor("captureRequest", policies, gateway);
  const response = findAuthor("captureResponse", policies, gateway);
  if (request === undefined && response === undefined) return undefined;
  const { maxBytes = captureDefaults.maxBytes, includeContentTypes = [] } =
    gateway.spec.otlp?.captureBody ?? {};
  const headers = policies.flatMap(({ spec }) => spec.redactHeaders);
  return {
    plan: {
      request: request !== undefined,
      response: response !== undefined,
      maxBytes,
      contentTypes:
        includeContentTypes.length > 0 ? includeContentTypes : captureDefaults.contentTypes,
      redactHeaders: [...new Set(headers.map((name) => name.toLowerCase()))].toSorted(),
    },
    why: describe(request, response),
  };
}

/** The object that has the bodies of one direction kept; undefined when they are not. */
function findAuthor(
  field: "captureRequest" | "captureResponse",
  policies: readonly LoggingPolicy[],
  gateway: EgressGateway,
): string | undefined {
  const policy = policies.find(({ spec }) => spec[field] !== undefined);
  if (policy !== undefined) {
    return policy.spec[field] === true ? formatReference(referenceOf(policy)) : undefined;
  }
  const asks = gateway.spec.otlp?.captureBody !== undefined;
  return asks ? formatReference(referenceOf(gateway)) : undefined;
}

function describe(request: string | undefined, response: string | undefined): string[] {
  if (request === response) return [`keeps request and response bodies (${request})`];
  return [
    ...(request === undefined ? [] : [`keeps request bodies (${request})`]),
    ...(response === undefined ? [] : [`keeps response bodies (${response})`]),
  ];
}
