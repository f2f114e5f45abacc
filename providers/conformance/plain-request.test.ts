import t from "tap";
import type { ChatRequest } from "../ir.ts";
import { firstDifference } from "./first-difference.ts";
import { plainRequest } from "./plain-request.ts";
import { plainConversation, requestCases } from "./request-cases.ts";
import { weatherTool } from "./tool-cases.ts";

const all = () => true;
const difference = (
  found: Partial<ChatRequest>,
  wanted: Partial<ChatRequest>,
  keeps: (f: string) => boolean = all,
) =>
  firstDifference(
    plainRequest({ ...plainConversation, ...found }, { keeps, isWanted: false }),
    plainRequest({ ...plainConversation, ...wanted }, { keeps, isWanted: true }),
  );
const text = (value: string) => [{ kind: "text" as const, text: value }];

for (const { name, request } of requestCases()) {
  t.test(`plainRequest() of ${name} is that of no other case`, async (t) => {
    t.equal(difference(request, request), undefined);
    const others = requestCases().filter((one) => one.name !== name);
    const same = others.filter((one) => difference(one.request, request) === undefined);
    // Open fields are not compared, refusals are texts, and reasoning is left out.
    const allowed = name === "one text" ? ["most output tokens"] : [];
    const alike = new Map([
      ["one tool", ["a tool to be chosen freely"]],
      ["a tool to be chosen freely", ["one tool"]],
      ["an image", ["an image in detail"]],
      ["a result without content", ["a call and its result"]],
      ["reasoning of medium effort", ["reasoning of 2,048 tokens", "reasoning to be seen"]],
      ["reasoning of 2,048 tokens", ["reasoning of medium effort", "reasoning to be seen"]],
      ["two turns of one role", ["several texts in one turn"]],
      ["several texts in one turn", ["two turns of one role"]],
    ]);
    t.same(
      same.map((one) => one.name).filter((one) => !(alike.get(name) ?? allowed).includes(one)),
      [],
    );
  });
}

for (const { name, found, wanted } of [
  {
    name: "joined turns",
    found: { messages: [{ role: "user", parts: [...text("a"), ...text("b")] }] },
    wanted: {
      messages: [
        { role: "user", parts: text("a") },
        { role: "user", parts: text("b") },
      ],
    },
  },
  { name: "a bound that is said", found: { maxOutputTokens: 4_096 }, wanted: {} },
  {
    name: "free choice of tools that is said",
    found: { toolChoice: { kind: "auto" } },
    wanted: {},
  },
  { name: "one answer that is said", found: { choices: 1 }, wanted: {} },
  { name: "parallel calls that are said", found: { parallelToolCalls: true }, wanted: {} },
  {
    name: "no arguments in a schema",
    found: { tools: [{ ...weatherTool, parameters: { type: "object", properties: {} } }] },
    wanted: { tools: [{ ...weatherTool, parameters: null }] },
  },
  {
    name: "tokens for effort",
    found: { reasoning: { effort: null, budgetTokens: 8_192, visible: null } },
    wanted: { reasoning: { effort: "medium", budgetTokens: null, visible: null } },
  },
  {
    name: "what is shown by default",
    found: { reasoning: { effort: "low", budgetTokens: null, visible: true } },
    wanted: { reasoning: { effort: "low", budgetTokens: null, visible: null } },
  },
  { name: "the codec's own notes", found: { variant: "x", streamUsage: true }, wanted: {} },
] as { name: string; found: Partial<ChatRequest>; wanted: Partial<ChatRequest> }[]) {
  t.test(`plainRequest() makes ${name} equal`, async (t) => {
    t.equal(difference(found, wanted), undefined);
  });
}

for (const { name, found, wanted, clause } of [
  {
    name: "a bound that is lost",
    found: {},
    wanted: { maxOutputTokens: 256 },
    clause: 'maxOutputTokens is null, wanted "256"',
  },
  {
    name: "a temperature that is made up",
    found: { temperature: 1 },
    wanted: {},
    clause: 'temperature is "1", wanted null',
  },
  {
    name: "something that the dialect does not know",
    found: { unexpressed: [{ feature: "store", at: "store" }] },
    wanted: {},
    clause: "unexpressed has 1 elements, wanted 0",
  },
  {
    name: "reasoning that is made up",
    found: { reasoning: { effort: "low", budgetTokens: null, visible: null } },
    wanted: {},
    clause: "reasoning is an object, wanted null",
  },
  {
    name: "reasoning that is shown against the agent's will",
    found: { reasoning: { effort: "low", budgetTokens: null, visible: true } },
    wanted: { reasoning: { effort: "low", budgetTokens: null, visible: false } },
    clause: "reasoning.isVisible is true, wanted false",
  },
  {
    name: "parameters that are not none",
    found: { tools: [{ ...weatherTool, parameters: { type: "object", minProperties: 1 } }] },
    wanted: { tools: [{ ...weatherTool, parameters: null }] },
    clause:
      'tools[0].parameters is "{\\"type\\":\\"object\\",\\"minProperties\\":1}", wanted "none"',
  },
] as {
  name: string;
  found: Partial<ChatRequest>;
  wanted: Partial<ChatRequest>;
  clause: string;
}[]) {
  t.test(`plainRequest() shows ${name}`, async (t) => {
    t.equal(difference(found, wanted), clause);
  });
}

t.test("plainRequest() makes equal what a dialect need not keep", async (t) => {
  const wanted: Partial<ChatRequest> = {
    temperature: 0.5,
    topP: 0.5,
    topK: 5,
    seed: 5,
    frequencyPenalty: 0.5,
    presencePenalty: 0.5,
    endUser: "x",
    reasoning: { effort: "low", budgetTokens: null, visible: true },
    tools: [{ ...weatherTool, strict: true }],
  };
  const found = { tools: [weatherTool] };
  t.equal(
    difference(found, wanted, () => false),
    undefined,
  );
  t.equal(difference(found, wanted), "tools[0].isStrict is false, wanted true");
});
