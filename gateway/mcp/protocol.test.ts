import t from "tap";
import { protocolOf } from "./protocol.ts";

t.test("protocolOf() tells A2A by methods that MCP does not have", async (test) => {
  test.equal(protocolOf([{ method: "message/send" }]), "a2a");
  test.equal(protocolOf([{ method: "tools/call" }, { method: "message/stream" }]), "a2a");
  test.equal(protocolOf([{ method: "tasks/get" }]), "mcp");
  test.equal(protocolOf([]), "mcp");
});
