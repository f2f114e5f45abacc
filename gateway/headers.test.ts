/** Pins the header names: other processes and callers depend on the exact strings. */
import t from "tap";
import { callHeaderNameFormat } from "../crds/http-formats.ts";
import {
  CLRK_HEADER_PREFIX,
  CLRK_HEADERS,
  ENGINE_ROLE,
  isClrkHeader,
  REDACTED_HEADERS,
} from "./headers.ts";

t.test("CLRK_HEADERS keeps its strings", async (t) => {
  t.strictSame(CLRK_HEADERS, {
    taskAgent: "x-clrk-taskagent",
    trigger: "x-clrk-trigger",
    invocationId: "x-clrk-invocation-id",
    revision: "x-clrk-revision",
    timeoutMs: "x-clrk-timeout-ms",
    refusal: "x-clrk-refusal",
    executionId: "x-clrk-execution-id",
    exitCode: "x-clrk-exit-code",
    workerEndpoint: "x-clrk-worker-endpoint",
    continue: "x-clrk-continue",
    llmRule: "x-clrk-llm-rule",
    extprocRole: "x-clrk-extproc-role",
    plan: "x-clrk-plan",
    caller: "x-clrk-caller",
    call: "x-clrk-call",
    upstreamAddress: "x-clrk-upstream",
    served: "x-clrk-served",
    unsent: "x-clrk-unsent",
    denyReason: "x-clrk-deny-reason",
  });
  t.equal(CLRK_HEADER_PREFIX, "x-clrk-");
});

t.test("ENGINE_ROLE keeps its strings", async (t) => {
  t.strictSame(ENGINE_ROLE, {
    ceiling: "ceiling",
    downstream: "downstream",
    upstream: "upstream",
    swap: "swap",
  });
});

t.test("CLRK_HEADERS are all stripped by their prefix", async (t) => {
  for (const name of Object.values(CLRK_HEADERS)) t.equal(isClrkHeader(name), true, name);
});

t.test(
  "REDACTED_HEADERS holds the contract's names and those it missed, all lower-case",
  async (t) => {
    const contract =
      "authorization proxy-authorization cookie set-cookie x-api-key x-auth-token openai-api-key anthropic-api-key";
    const missed = "x-goog-api-key api-key x-amz-security-token mcp-session-id";
    for (const name of `${contract} ${missed}`.split(" ")) t.ok(REDACTED_HEADERS.has(name), name);
    for (const name of REDACTED_HEADERS) t.equal(name, name.toLowerCase());
  },
);

t.test("REDACTED_HEADERS are no place for what is kept in the open", async (t) => {
  const detail = "it holds a credential, and what is read here is kept in the open";
  for (const name of REDACTED_HEADERS) {
    t.same(callHeaderNameFormat.read(name.toUpperCase()), { kind: "invalid", detail }, name);
  }
});

t.test("isClrkHeader() ignores case and wants the whole prefix", async (t) => {
  t.equal(isClrkHeader("X-CLRK-Rule"), true);
  t.equal(isClrkHeader("x-clrk-"), true);
  for (const name of ["x-clrk", "x-clrkrule", "", "a-x-clrk-rule", "xx-clrk-rule"]) {
    t.equal(isClrkHeader(name), false, name);
  }
});
