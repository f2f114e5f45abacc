/**
 * What of the requests of a rule is kept in their records. For each thing that can be said the first LoggingPolicy of the
 * rule that says it decides, and where none does the gateway's `otlp.captureBody`, which asks for both directions. What
 * any of them takes out is taken out.
 */

import type { EgressGateway } from "../../crds/egress-gateway.ts";
import { captureDefaults } from "../../crds/egress-gateway.ts";
import type { LoggingPolicy } from "../../crds/logging-policy.ts";
import { maxPatternBytes } from "../../crds/logging-policy.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import { readPercentage } from "../../crds/percentage.ts";
import { expectValid } from "../../crds/reading.ts";
import type { BodyBounds, CapturePlan } from "../snapshot.ts";

/** A plan, and who asked for it. */
export interface Capture {
  readonly plan: CapturePlan;
  /** Parts of a sentence, such as `keeps request bodies (LoggingPolicy default/full)` */
  readonly why: readonly string[];
}

type Spec = LoggingPolicy["spec"];

/** What policies, in the order of the rule's filters, and the gateway ask for; undefined when nothing is kept. */
export function capturePlan(
  policies: readonly LoggingPolicy[],
  gateway: EgressGateway,
): Capture | undefined {
  const request = findAuthor("captureRequest", policies, gateway);
  const response = findAuthor("captureResponse", policies, gateway);
  if (request === undefined && response === undefined) return undefined;
  const specs = policies.map(({ spec }) => spec);
  const sampling = specs.find(({ sample }) => sample !== undefined);
  return {
    plan: {
      request: request !== undefined,
      response: response !== undefined,
      requestBody: bodyBounds("request", specs, gateway),
      responseBody: bodyBounds("response", specs, gateway),
      sample: sampling === undefined ? 1 : sampleOf(sampling.sample),
      keepsErrors: sampling?.keepErrors ?? true,
      redactHeaders: namesOf(specs.flatMap(({ redactHeaders }) => redactHeaders)),
      redactQuery: queryNames(policies),
      redactBody: {
        jsonPaths: unique(specs.flatMap(({ redactJsonPaths }) => redactJsonPaths)),
        shapes: unique(specs.flatMap(({ redactShapes }) => redactShapes)),
        patterns: unique(specs.flatMap(({ redactPatterns }) => redactPatterns)),
      },
    },
    why: describe(request, response),
  };
}

/** Query parameters whose values are never kept, lower case. */
export function queryNames(policies: readonly LoggingPolicy[]): readonly string[] {
  return namesOf(policies.flatMap(({ spec }) => spec.redactQuery));
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

function bodyBounds(
  field: "request" | "response",
  specs: readonly Spec[],
  gateway: EgressGateway,
): BodyBounds {
  const general = gateway.spec.otlp?.captureBody;
  const maxBytes =
    specs.find((spec) => spec[field]?.maxBytes !== undefined)?.[field]?.maxBytes ??
    general?.maxBytes ??
    captureDefaults.maxBytes;
  const lists = [
    ...specs.map((spec) => spec[field]?.contentTypes ?? []),
    general?.includeContentTypes ?? [],
    captureDefaults.contentTypes,
  ];
  const isSearched = specs.some(({ redactPatterns }) => redactPatterns.length > 0);
  return {
    maxBytes: isSearched ? Math.min(maxBytes, maxPatternBytes) : maxBytes,
    contentTypes: lists.find((list) => list.length > 0) ?? [],
  };
}

function sampleOf(text: string | undefined): number {
  return text === undefined ? 1 : expectValid(readPercentage(text), "percentage", text);
}

function namesOf(names: readonly string[]): string[] {
  return unique(names.map((name) => name.toLowerCase())).toSorted();
}

function unique<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)];
}

function describe(request: string | undefined, response: string | undefined): string[] {
  if (request === response) return [`keeps request and response bodies (${request})`];
  return [
    ...(request === undefined ? [] : [`keeps request bodies (${request})`]),
    ...(response === undefined ? [] : [`keeps response bodies (${response})`]),
  ];
}
