/** What is read out of headers and facts of one exchange. */
import t from "tap";
import { answerForm, asDenied, headOf, withResults } from "./mcp-exchange.ts";
import { headerView } from "./testdata/playbook.ts";

const message = {
  method: "tools/call",
  subject: "tool",
  name: "x",
  outcome: "allowed",
  rule: 0,
} as const;
const facts = { protocol: "mcp", revision: null, messages: [message, message] } as const;

t.test("headOf() takes the scheme that Envoy wrote, not the agent's", async (test) => {
  const head = headOf(
    headerView({
      ":method": "POST",
      ":scheme": "http",
      "x-forwarded-proto": "https",
      ":authority": "mcp.test",
      ":path": "/mcp?a",
      accept: "a",
    }),
    true,
  );
  test.match(head, { method: "POST", scheme: "https", authority: "mcp.test", target: "/mcp?a" });
  test.same([head.values("accept"), head.values("x"), head.hasBody], [["a"], [], true]);
});

t.test("answerForm() reads the type without parameters", async (test) => {
  const headers = {
    "content-type": "Application/JSON; charset=utf-8",
    "content-encoding": " GZIP",
  };
  test.same(answerForm(headerView(headers)), { mediaType: "application/json", coding: "gzip" });
  test.same(answerForm(headerView({})), { mediaType: "", coding: "" });
});

t.test("withResults() gives each message the result of its own id", async (test) => {
  const result = { outcome: "ok", code: null } as const;
  const answer = { write: () => {}, end: () => {}, results: new Map([["2", result]]) };
  test.same(withResults(facts, ["1", "2"], answer).messages, [message, { ...message, result }]);
  test.equal(withResults(facts, ["1"], undefined), facts);
  test.match(asDenied(facts), { messages: [{ outcome: "denied" }, { outcome: "denied" }] });
});
