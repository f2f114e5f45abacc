import t from "tap";
import type { SdkReport, SdkTurn } from "../clients/sdk-task.ts";
import { checkRaised, checkTurns } from "./expectations.ts";
import type { Expected } from "./expectations.ts";
import { nodeClients } from "./sdk-clients.ts";

const turn: SdkTurn = {
  text: "Hi",
  reasoning: "",
  calls: [],
  finish: "stop",
  usage: { input: 1, output: 1, reasoning: undefined },
  parts: 1,
};

function answered(change: Partial<SdkTurn> = {}, problems: readonly string[] = []): SdkReport {
  return { kind: "answered", turns: [{ ...turn, ...change }], problems };
}

const wanted: Expected = { text: "Hi", finish: "stop" };
const call = { id: "1", name: "a", arguments: { b: 1 } };

t.test("checkTurns() finds nothing wrong with what is expected", async (test) => {
  test.equal(checkTurns(answered(), [wanted]), undefined);
  test.equal(
    checkTurns(answered({ text: '{"a":1}' }), [{ json: { a: 1 }, finish: "stop" }]),
    undefined,
  );
  const calls = [{ name: "a", arguments: { b: 1 } }];
  const called = answered({ calls: [call], finish: "tool-calls" });
  test.equal(checkTurns(called, [{ text: "Hi", calls, finish: "tool-calls" }]), undefined);
  const thought = answered({ reasoning: "Thinking about: x" });
  test.equal(checkTurns(thought, [{ ...wanted, reasoning: "shown" }]), undefined);
  test.equal(checkTurns(answered(), [{ ...wanted, reasoning: "some" }]), undefined);
});

const differences: [string, SdkReport, Expected, RegExp][] = [
  ["another text", answered({ text: "Ho" }), wanted, /the text is "Ho"/],
  ["other JSON", answered(), { json: {}, finish: "stop" }, /the JSON is Hi/],
  ["a call too many", answered({ calls: [call] }), wanted, /calls \[\{"name":"a"/],
  [
    "calls of one id",
    answered({ calls: [call, call] }),
    { ...wanted, calls: [call, call].map(({ id: _id, ...own }) => own) },
    /calls share an id/,
  ],
  ["another end", answered({ finish: "length" }), wanted, /it ended by "length"/],
  ["one piece", answered(), { ...wanted, streamed: true }, /in one piece/],
  ["no reasoning", answered(), { ...wanted, reasoning: "shown" }, /the reasoning is ""/],
  [
    "no count of reasoning",
    answered({ usage: { input: 1, output: 1, reasoning: 0 } }),
    { ...wanted, reasoning: "some" },
    /no reasoning is counted/,
  ],
  [
    "no usage",
    answered({ usage: { input: undefined, output: 1, reasoning: undefined } }),
    wanted,
    /usage is 0 in, 1 out/,
  ],
  ["a broken object", answered({}, ["no id"]), wanted, /is not whole: no id/],
];

for (const [name, report, expected, difference] of differences) {
  t.test(`checkTurns() tells ${name}`, async (test) => {
    test.match(checkTurns(report, [expected]), difference);
  });
}

t.test("checkTurns() tells a turn too few, and what was raised", async (test) => {
  test.equal(checkTurns(answered(), []), "had 1 turns");
  const error = { name: "BadRequestError", status: 400, message: "no", causes: [] };
  test.equal(
    checkTurns({ kind: "failed", error, text: "" }, [wanted]),
    "raised BadRequestError (400): no",
  );
});

t.test("checkRaised() wants the class, status, words and time of the SDK", async (test) => {
  const client = nodeClients.find(({ dialect }) => dialect === "azure-chat");
  if (client === undefined) throw new Error("Cannot find client");
  const raised = { client, statuses: [429], message: /slow/, retryAfter: "7" };
  const failed = (change: object): SdkReport => ({
    kind: "failed",
    error: {
      name: "RateLimitError",
      status: 429,
      message: "slow",
      causes: [],
      retryAfter: "7",
      ...change,
    },
    text: "",
  });
  test.equal(checkRaised(failed({}), raised), undefined);
  test.match(checkRaised(failed({ name: "APIError" }), raised), /raised APIError/);
  test.match(checkRaised(failed({ status: 400 }), raised), /status 400/);
  test.match(checkRaised(failed({ message: "no" }), raised), /the message is "no"/);
  test.match(checkRaised(failed({ retryAfter: "1" }), raised), /retry-after is 1/);
  test.match(checkRaised(answered(), raised), /passed for an answer/);
});
