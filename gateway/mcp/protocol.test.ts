import t from "tap";
import { isAgentCard, protocolOf } from "./protocol.ts";

t.test("protocolOf() tells A2A by methods that MCP does not have", async (test) => {
  test.equal(protocolOf([{ method: "message/send" }]), "a2a");
  test.equal(protocolOf([{ method: "tools/call" }, { method: "message/stream" }]), "a2a");
  test.equal(protocolOf([{ method: "SendStreamingMessage" }]), "a2a");
  test.equal(protocolOf([{ method: "tasks/get" }]), "mcp");
  test.equal(protocolOf([]), "mcp");
});

t.test("isAgentCard() knows the paths of both revisions, and no others", async (test) => {
  test.ok(isAgentCard("/.well-known/agent-card.json"));
  test.ok(isAgentCard("/.well-known/agent.json"));
  test.notOk(isAgentCard("/.well-known/agent.json/x"));
});
