/**
 * What becomes of one invocation, by watching it. Invariant: it ends with the phase that the server says, or with the
 * signal; streams that break are opened again.
 */
import { systemClock } from "../../../gateway/clock.ts";
import type { Clock } from "../../../gateway/clock.ts";
import { isTerminalPhase } from "../../../gateway/invocation-event.ts";
import type { InvocationPhase } from "../../../crds/invocation.ts";
import { invocationPhases } from "../../../crds/invocation.ts";
import type { ApiClient } from "../api-client.ts";
import { encodePath } from "../api-client.ts";
import { ApiError } from "../api-error.ts";
import { escapeControls } from "../colour.ts";
import { API_ROOT } from "./agent-reference.ts";
import { isJsonObject, objects } from "./otlp-document.ts";
import type { JsonObject } from "./otlp-document.ts";
import { pause } from "./pause.ts";

/** How an invocation ended. */
export interface InvocationEnd {
  readonly phase: InvocationPhase;
  /** Why, escaped; may be empty */
  readonly message: string;
}

const firstWaitMs = 100;
const longestWaitMs = 2_000;

/** Resolves with the end, or with undefined when `signal` aborts first. Throws an `ApiError` where we may not look. */
export async function watchInvocation(
  client: ApiClient,
  { namespace, id }: { readonly namespace: string; readonly id: string },
  { signal, clock = systemClock }: { readonly signal: AbortSignal; readonly clock?: Clock },
): Promise<InvocationEnd | undefined> {
  const path = encodePath(...API_ROOT, "namespaces", namespace, "invocations");
  const fieldSelector = `metadata.name=${id}`;
  let waitMs = firstWaitMs;
  while (!signal.aborted) {
    try {
      const { body } = await client.request({ path, query: { fieldSelector }, signal });
      const list = isJsonObject(body) ? body : {};
      const known = findEnd(objects(list["items"]), id);
      if (known !== undefined) return known;
      const { resourceVersion } = isJsonObject(list["metadata"]) ? list["metadata"] : {};
      const stream = await client.stream({
        path,
        query: { fieldSelector, watch: true, resourceVersion: String(resourceVersion ?? "") },
        signal,
      });
      waitMs = firstWaitMs;
      for await (const line of stream.lines()) {
        const end = findEnd(objectsOfEvent(line), id);
        if (end === undefined) continue;
        stream.close();
        return end;
      }
    } catch (error) {
      if (signal.aborted) return undefined;
      if (isFinal(error)) throw error;
    }
    await pause(waitMs, signal, clock);
    waitMs = Math.min(waitMs * 2, longestWaitMs);
  }
  return undefined;
}

function objectsOfEvent(line: string): readonly JsonObject[] {
  try {
    const event: unknown = JSON.parse(line);
    return isJsonObject(event) && isJsonObject(event["object"]) ? [event["object"]] : [];
  } catch {
    return []; // half a line of a stream that was cut
  }
}

function findEnd(invocations: readonly JsonObject[], id: string): InvocationEnd | undefined {
  for (const { metadata, status } of invocations) {
    if (!isJsonObject(metadata) || metadata["name"] !== id || !isJsonObject(status)) continue;
    const phase = invocationPhases.find((one) => one === status["phase"]);
    if (phase === undefined || !isTerminalPhase(phase)) continue;
    const [condition] = objects(status["conditions"]).filter(({ type }) => type === "Complete");
    const message = condition?.["message"];
    return { phase, message: typeof message === "string" ? escapeControls(message) : "" };
  }
  return undefined;
}

/** What is forbidden stays so; what is not there yet, or down, comes. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true;
  return ["forbidden", "unauthorized", "untrusted", "invalid"].includes(error.failure);
}
