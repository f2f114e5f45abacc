/** Which agent protocol JSON-RPC messages are of: A2A shares the wire with MCP, and has methods of its own. */

/** Methods of A2A 0.2 and 0.3 (https://a2a-protocol.org) that MCP does not have. */
const a2aMethods = new Set([
  "message/send",
  "message/stream",
  "tasks/resubscribe",
  "tasks/pushNotificationConfig/set",
  "tasks/pushNotificationConfig/get",
  "tasks/pushNotificationConfig/list",
  "tasks/pushNotificationConfig/delete",
  "agent/getAuthenticatedExtendedCard",
]);

/** `a2a` where any of the messages is only known there, else `mcp`. */
export function protocolOf(messages: readonly { readonly method: string }[]): "mcp" | "a2a" {
  return messages.some(({ method }) => a2aMethods.has(method)) ? "a2a" : "mcp";
}
