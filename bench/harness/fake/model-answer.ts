/** What the fake model answers: one pure function from a conversation, the same for every provider. */
import { createHash } from "node:crypto";
import type { Conversation, ToolOutcome } from "./conversation.ts";
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { sampleOf } from "./schema-sample.ts";
import { parseScript } from "./script.ts";
import type { Script } from "./script.ts";
import { countTokens, toTokens } from "./tokens.ts";

/** What is to be rendered in a provider's words. */
export interface ModelAnswer {
  /** Reasoning that is shown; undefined: none */
  readonly thought: string | undefined;
  /** Text, a token each */
  readonly tokens: readonly string[];
  readonly calls: readonly ModelCall[];
  readonly finish: "stop" | "stop-text" | "length" | "tool-calls";
  /** The stop text that was met */
  readonly stopText: string | undefined;
  readonly usage: ModelUsage;
  /** The error that is answered in place of all this */
  readonly fail: Script["fail"];
  /** How its stream ends other than well */
  readonly ending: Script["ending"];
}

/** The model's wish to have a tool called. */
export interface ModelCall {
  readonly name: string;
  readonly arguments: JsonObject;
}

/** Tokens of a request and its answer. */
export interface ModelUsage {
  readonly input: number;
  /** All output, reasoning included */
  readonly output: number;
  readonly reasoning: number;
}

/** Answers: calls tools where some are offered and none has answered yet, else repeats what was said or the tools said. */
export function answerOf(conversation: Conversation): ModelAnswer {
  const script = scriptOf(conversation);
  const calls = callsOf(conversation, script);
  const thought = conversation.thinks === "no" ? undefined : `Thinking about: ${script.said}`;
  const full = calls.length > 0 ? preface(script) : textOf(conversation, script);
  const stop = findStop(full, conversation.stops);
  const all = toTokens(stop === undefined ? full : full.slice(0, full.indexOf(stop)));
  const tokens = all.slice(0, conversation.limit);
  const reasoning = countTokens(thought ?? "");
  const argumentTokens = calls.reduce(
    (sum, call) => sum + countTokens(JSON.stringify(call.arguments)),
    0,
  );
  return {
    thought: conversation.thinks === "shown" ? thought : undefined,
    tokens,
    calls,
    finish: finishOf({ calls: calls.length, cut: all.length > tokens.length, stop }),
    stopText: stop,
    usage: {
      input: conversation.inputTokens,
      output: tokens.length + argumentTokens + reasoning,
      reasoning,
    },
    fail: script.fail,
    ending: script.ending,
  };
}

/** The stage directions of a conversation, wherever they stand. */
export function scriptOf({ system, said }: Conversation): Script {
  const instructions = parseScript(system);
  const script = parseScript(said);
  return { ...script, signature: script.signature ?? instructions.signature };
}

/** What a model of `provider` signs its reasoning with; only it takes that back. */
export function signatureOf(provider: string, thought: string): string {
  return createHash("sha256").update(`${provider}:${thought}`).digest("base64");
}

function callsOf(conversation: Conversation, script: Script): ModelCall[] {
  const { tools, choice, results, parallel } = conversation;
  const [first] = tools;
  if (first === undefined || choice === "none" || results.length > 0) return [];
  const named = typeof choice === "object" ? choice.name : undefined;
  const usable = named === undefined ? tools : tools.filter(({ name }) => name === named);
  const count = parallel ? (script.calls ?? 1) : Math.min(script.calls ?? 1, 1);
  return Array.from({ length: count }, (_, number) => {
    const tool = usable[number % usable.length] ?? first;
    const value = sampleOf(tool.parameters, number);
    return { name: tool.name, arguments: isJsonObject(value) ? value : {} };
  });
}

function preface(script: Script): string {
  return script.aloud ? sign("Let me look", script) : "";
}

function textOf(conversation: Conversation, script: Script): string {
  const { form } = conversation;
  if (typeof form === "object") return JSON.stringify(sampleOf(form.schema, 0));
  const words = conversation.results.length > 0 ? report(conversation.results) : "You said";
  const attached = conversation.attached.map((one) => ` with ${one}`).join("");
  const said = conversation.results.length > 0 && script.said === "" ? "" : `: ${script.said}`;
  if (form === "json") return JSON.stringify({ answer: `${words}${said}${attached}` });
  return sign(`${words}${said}${attached}`, script);
}

function report(results: readonly ToolOutcome[]): string {
  const all = results.map(({ text, failed }) => (failed ? `${text} (failed)` : text));
  return `Tools said ${all.join(" and ")}`;
}

function sign(text: string, { signature }: Script): string {
  return signature === undefined ? text : `${text}, signed ${signature}`;
}

function findStop(text: string, stops: readonly string[]): string | undefined {
  const met = stops.filter((stop) => stop !== "" && text.includes(stop));
  return met.sort((a, b) => text.indexOf(a) - text.indexOf(b))[0];
}

function finishOf(facts: {
  readonly calls: number;
  readonly cut: boolean;
  readonly stop: string | undefined;
}): ModelAnswer["finish"] {
  if (facts.cut) return "length";
  if (facts.calls > 0) return "tool-calls";
  return facts.stop === undefined ? "stop" : "stop-text";
}
