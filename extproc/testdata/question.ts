/** A question whether a call may go on, for tests. */
import type { ConfirmationQuestion } from "../../gateway/confirmation.ts";

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
