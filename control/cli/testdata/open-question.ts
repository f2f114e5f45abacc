/** An open question whether a call may go on, for tests. */
import type { OpenConfirmation } from "../../../gateway/confirmation.ts";

/** A question to a person, changed as told. */
export function openQuestionWith(changes: Partial<OpenConfirmation> = {}): OpenConfirmation {
  return {
    id: "0123456789",
    agent: "Process/default/agent",
    execution: "i1",
    gateway: "default/egress",
    route: { kind: "MCPRoute", namespace: "default", name: "m" },
    server: "https://mcp.test/mcp",
    calls: [{ tool: "pay", arguments: '{"amount":5}', isCut: false }],
    bodySha256: "00",
    asks: "cli",
    askedAt: "2026-11-28T10:00:00.000Z",
    expiresAt: "2026-11-28T10:02:00.000Z",
    ...changes,
  };
}
