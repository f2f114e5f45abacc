/**
 * Events of invocations as JSON: what a log stores and what crosses the wire. Whatever comes back is checked, because
 * others may write into the same stream.
 */

import { ClrkError } from "../../gateway/errors.ts";
import type { GatewayIdentity } from "../../gateway/gateway-identity.ts";
import type { InvocationPhase, InvocationTrigger } from "../../crds/invocation.ts";
import type {
  InvocationAgent,
  InvocationEvent,
  InvocationRoot,
} from "../../gateway/invocation-event.ts";
import { invocationPhases, invocationTriggers } from "../../crds/invocation.ts";

/** Most bytes of one event; a longer one is refused. */
export const maxEventBytes = 64 * 1024;

/** Longest name; those of Kubernetes objects have at most 253 characters. */
const longestName = 253;
const longestMessage = 1_024;
const mostAudiences = 64;
const mostGateways = 8;

const idForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const digestForm = /^[0-9a-f]{32}$/;
const gatewayForm = /^[a-z0-9.-]{1,253}\/[a-z0-9.-]{1,253}$/;
const processForm = /^[1-9]\d{0,9} \S{0,64}$/;
const reasonForm = /^(?:[A-Z][A-Za-z0-9]{0,63})?$/;

/** Whether the text is an id of an invocation: a UUID in lower case with its dashes. */
export function isInvocationId(text: string): boolean {
  return idForm.test(text);
}

/**
 * The event in its one spelling: equal events give equal texts. Throws CLRK_INVALID_ARGUMENT for one that
 * `tryDecodeEvent()` would not take.
 */
export function encodeEvent(event: InvocationEvent): string {
  const text = JSON.stringify(inOrder(event));
  const problem = problemOf(text);
  if (problem === undefined) return text;
  const message = `Cannot log event of invocation ${JSON.stringify(String(event.id).slice(0, 64))}: ${problem}`;
  throw new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
}

/** The event that a text holds; undefined for anything else. Members that are not known are left out. */
export function tryDecodeEvent(text: string): InvocationEvent | undefined {
  const event = read(text);
  return typeof event === "string" ? undefined : event;
}

function inOrder(event: InvocationEvent): InvocationEvent {
  const { id, phase, atUnixMs, agent, trigger, audiences, root, exitCode, reason, message } = event;
  const { timeoutMs, gatewayProcess, gateways } = event;
  return {
    id,
    phase,
    atUnixMs,
    agent: { kind: agent.kind, namespace: agent.namespace, name: agent.name, uid: agent.uid },
    trigger: { type: trigger.type, source: trigger.source },
    audiences,
    root: root && { traceId: root.traceId, spanId: root.spanId },
    exitCode,
    reason,
    message,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(gatewayProcess !== undefined && {
      gatewayProcess: {
        home: gatewayProcess.home,
        boot: gatewayProcess.boot,
        process: gatewayProcess.process,
      },
    }),
    ...(gateways !== undefined && { gateways }),
  };
}

function problemOf(text: string): string | undefined {
  const event = read(text);
  return typeof event === "string" ? event : undefined;
}

/** The event, or what is wrong with it. */
function read(text: string): InvocationEvent | string {
  if (text.length > maxEventBytes || Buffer.byteLength(text) > maxEventBytes) {
    return `it has more than ${maxEventBytes} bytes`;
  }
  const value = members(tryParseJson(text));
  if (value === undefined) return "it is no JSON object";
  const { id, atUnixMs, audiences, exitCode, reason, message, timeoutMs } = value;
  const phase = invocationPhases.find((one: InvocationPhase) => one === value["phase"]);
  const agent = readAgent(value["agent"]);
  const trigger = readTrigger(value["trigger"]);
  const root = value["root"] === null ? null : readRoot(value["root"]);
  if (typeof id !== "string" || !isInvocationId(id)) return "id is no UUID in lower case";
  if (phase === undefined) return `phase is none of ${invocationPhases.join(", ")}`;
  if (!isWhole(atUnixMs) || atUnixMs < 0 || atUnixMs > 8.64e15) return "atUnixMs is no time";
  if (agent === undefined) return "agent has no kind, namespace and name";
  if (trigger === undefined)
    return `trigger has no type of ${invocationTriggers.join(", ")} and no source`;
  if (!isTexts(audiences)) return `audiences is no list of at most ${mostAudiences} texts`;
  if (root === undefined) return "root holds no ids of a span";
  if (exitCode !== null && !isWhole(exitCode)) return "exitCode is no whole number";
  if (typeof reason !== "string" || !reasonForm.test(reason)) return "reason is no word";
  if (!isText(message, longestMessage))
    return `message is no text of at most ${longestMessage} characters`;
  const told = { id, phase, atUnixMs, agent, trigger, audiences, root, exitCode, reason, message };
  if (timeoutMs !== undefined && (!isWhole(timeoutMs) || timeoutMs < 0)) {
    return "timeoutMs is no whole number from 0 on";
  }
  const gatewayProcess = readGatewayProcess(value["gatewayProcess"]);
  if (gatewayProcess === "malformed") return "gatewayProcess has no home, boot and process";
  const { gateways } = value;
  if (gateways !== undefined && !isGateways(gateways)) {
    return `gateways is no list of at most ${mostGateways} names with their namespaces`;
  }
  return {
    ...told,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(gatewayProcess !== undefined && { gatewayProcess }),
    ...(gateways !== undefined && { gateways }),
  };
}

function isGateways(value: unknown): value is string[] {
  const isName = (one: unknown) => typeof one === "string" && gatewayForm.test(one);
  return Array.isArray(value) && value.length <= mostGateways && value.every(isName);
}

function readGatewayProcess(value: unknown): GatewayIdentity | undefined | "malformed" {
  if (value === undefined) return undefined;
  const { home, boot, process } = members(value) ?? {};
  const isDigest = (text: unknown): text is string =>
    typeof text === "string" && digestForm.test(text);
  const isRight = isDigest(home) && isDigest(boot) && typeof process === "string";
  return isRight && processForm.test(process) ? { home, boot, process } : "malformed";
}

function readAgent(value: unknown): InvocationAgent | undefined {
  const { kind, namespace, name, uid } = members(value) ?? {};
  if (!isText(kind, 63) || !isText(namespace, longestName) || !isText(name, longestName)) {
    return undefined;
  }
  if (kind === "" || namespace === "" || name === "" || !isText(uid, longestName)) return undefined;
  return { kind, namespace, name, uid };
}

function readTrigger(value: unknown): InvocationEvent["trigger"] | undefined {
  const { type: given, source } = members(value) ?? {};
  const type = invocationTriggers.find((one: InvocationTrigger) => one === given);
  return type === undefined || !isText(source, longestName) ? undefined : { type, source };
}

function readRoot(value: unknown): InvocationRoot | undefined {
  const { traceId, spanId } = members(value) ?? {};
  const isId = (id: unknown, digits: number): id is string =>
    typeof id === "string" && id.length === digits && /^[0-9a-f]*[1-9a-f][0-9a-f]*$/.test(id);
  return isId(traceId, 32) && isId(spanId, 16) ? { traceId, spanId } : undefined;
}

function isTexts(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length <= mostAudiences &&
    value.every((one) => isText(one, longestName))
  );
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length <= longest && value.isWellFormed();
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function members(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.assign(Object.create(null), value);
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no event either: the caller is told the same.
    return undefined;
  }
}
