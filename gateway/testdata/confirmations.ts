/** Questions for tests. */
import type { ConfirmationQuestion, OpenConfirmation } from "../confirmation.ts";

/** A question to a person, changed as told. */
export function questionWith(changes: Partial<ConfirmationQuestion> = {}): ConfirmationQuestion {
  return {
    transactionId: "t1",
    caller: "run:r1",
    gateway: "default/egress",
    route: { kind: "MCPRoute", namespace: "default", name: "m" },
    server: "https://mcp.test/mcp",
    calls: [{ tool: "pay", arguments: '{"amount":5}', isCut: false }],
    bodySha256: "00",
    plan: { timeoutMs: 120_000 },
    session: "",
    requestKeys: ["7"],
    ...changes,
  };
}

/** The same as people see it, changed as told. */
export function openQuestionWith(changes: Partial<OpenConfirmation> = {}): OpenConfirmation {
  const { gateway, route, server, calls, bodySha256 } = questionWith();
  return {
    id: "0123456789",
    agent: "Process/default/agent",
    execution: "i1",
    ...{ gateway, route, server, calls, bodySha256 },
    asks: "cli",
    askedAt: "2026-11-28T10:00:00.000Z",
    expiresAt: "2026-11-28T10:02:00.000Z",
    ...changes,
  };
}
