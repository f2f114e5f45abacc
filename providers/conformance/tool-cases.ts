/** Conversations of the corpus that have tools. */

import type { ChatRequest, Part, Tool } from "../ir.ts";
import {
  assistantSays,
  call,
  difficultText,
  image,
  pdf,
  result,
  text,
  userSays,
} from "./case-parts.ts";

/** A tool of cases. */
export const weatherTool: Tool = {
  name: "get_weather",
  description: "Weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" }, days: { type: "integer" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: null,
};

/** A tool without arguments. */
const stopTool: Tool = { name: "stop-all", description: null, parameters: null, strict: null };

/** Conversations about tools, their choice, their calls and results, by name. */
export function toolCases(): Readonly<Record<string, Partial<ChatRequest>>> {
  return { ...choiceCases(), ...resultCases() };
}

function choiceCases(): Readonly<Record<string, Partial<ChatRequest>>> {
  const tools = [weatherTool];
  return {
    "one tool": { tools },
    "several tools": {
      tools: [weatherTool, { ...weatherTool, name: "a_b-3", description: difficultText }],
    },
    "a tool without arguments": { tools: [stopTool] },
    "a tool with strict arguments": { tools: [{ ...weatherTool, strict: true }] },
    "a tool to be chosen freely": { tools, toolChoice: { kind: "auto" } },
    "no tool to be called": { tools, toolChoice: { kind: "none" } },
    "some tool to be called": { tools, toolChoice: { kind: "required" } },
    "a named tool to be called": { tools, toolChoice: { kind: "tool", name: "get_weather" } },
    "one call at a time": { tools, parallelToolCalls: false },
    "one call of a named tool": {
      tools,
      toolChoice: { kind: "tool", name: "get_weather" },
      parallelToolCalls: false,
    },
  };
}

function resultCases(): Readonly<Record<string, Partial<ChatRequest>>> {
  const tools = [weatherTool, stopTool];
  const bern = '{"city":"Bern","days":12345678901234567890,"factor":1.50}';
  const asked = { role: "assistant", parts: [call("call_1", bern)] } as const;
  const askedTwice = {
    role: "assistant",
    parts: [text("I look"), call("call_1", bern), call("call_2", '{"city":"Zürich \\"HB\\""}')],
  } as const;
  const answered = (parts: readonly Part[]) => ({
    tools,
    messages: [userSays("Weather?"), asked, { role: "user" as const, parts }],
  });
  return {
    "a call and its result": answered([result("call_1", [text("Rain, 7 °C")])]),
    "a result and a question": answered([result("call_1", [text("Rain")]), text("And now?")]),
    "a result without content": answered([result("call_1", [])]),
    "a result that is an error": answered([
      { ...result("call_1", [text("No such city")]), isError: true },
    ]),
    "a result with an image": answered([result("call_1", [text("Map"), image])]),
    "a result with a document": answered([result("call_1", [text("Report"), pdf])]),
    "a call without arguments": {
      tools,
      messages: [
        userSays("Stop"),
        { role: "assistant", parts: [{ ...call("call_1", "{}"), name: "stop-all" }] },
        { role: "user", parts: [result("call_1", [text("Done")])] },
      ],
    },
    "several calls and their results": {
      tools,
      messages: [
        userSays("Weather?"),
        askedTwice,
        {
          role: "user",
          parts: [
            result("call_1", [text("Rain")]),
            result("call_2", [text("Sun")]),
            text("Which is better?"),
          ],
        },
      ],
    },
    "calls of several turns": {
      tools,
      messages: [
        userSays("Weather?"),
        asked,
        { role: "user", parts: [result("call_1", [text("Rain")])] },
        { role: "assistant", parts: [call("call_2", '{"city":"Genf"}')] },
        { role: "user", parts: [result("call_2", [text("Snow")])] },
        assistantSays("Rain and snow"),
        userSays("Thanks"),
      ],
    },
  };
}
