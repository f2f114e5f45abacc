import t from "tap";
import { errorJson, MCP_ERROR, refuseMessages, refuseWhole } from "./error-answer.ts";

const first = { code: MCP_ERROR.denied, message: 'No "tool"', reason: "mcp-denied" } as const;

t.test("errorJson() writes the id as it was sent, and none where there is none", async (test) => {
  test.equal(
    errorJson({ id: "9007199254740993", ...first }),
    '{"jsonrpc":"2.0","id":9007199254740993,"error":{"code":-32013,"message":"No \\"tool\\"","data":{"reason":"mcp-denied"}}}',
  );
  test.notMatch(errorJson({ id: null, ...first }), '"id"');
});

t.test("refuseMessages() answers in the way that the client reads", async (test) => {
  const errors = [
    { id: "1", ...first },
    { id: null, ...first },
  ];
  const refuse = (isBatch: boolean, readsAnswers: boolean, some = errors) => {
    const { status, body } = refuseMessages(some, { isBatch, readsAnswers, first });
    return [status, JSON.parse(body)];
  };
  const error = { jsonrpc: "2.0", id: 1, error: { code: -32_013 } };
  test.match(refuse(false, true), [200, error]);
  test.match(refuse(true, true), [200, [error]]);
  test.match(refuse(false, false), [403, error]);
  test.match(refuse(true, true, [{ id: null, ...first }]), [403, { error: { code: -32_013 } }]);
});

t.test("refuseMessages() gives a limit its status and headers", async (test) => {
  const limited = { ...first, code: MCP_ERROR.limited, reason: "rate-limited" } as const;
  const headers = [["retry-after", "3"]] as const;
  const refusal = refuseMessages([{ id: "1", ...limited }], {
    isBatch: false,
    readsAnswers: false,
    first: limited,
    headers,
  });
  test.match(refusal, { status: 429, reason: "rate-limited", headers });
});

t.test("refuseWhole() has no id unless one was read", async (test) => {
  test.notMatch(refuseWhole(400, first).body, '"id"');
  test.match(refuseWhole(400, { ...first, id: '"a"' }).body, '"id":"a"');
});
