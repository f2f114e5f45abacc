/** Which agent protocol JSON-RPC messages are of: A2A shares the wire with MCP, and has methods of its own. */

/** Methods of A2A 0.2, 0.3 and 1.0 (https://a2a-protocol.org) that MCP does not have. */
const a2aMethods = new Set([
  "message/send",
  "message/stream",
  "tasks/resubscribe",
  "tasks/pushNotificationConfig/set",
  "tasks/pushNotificationConfig/get",
  "tasks/pushNotificationConfig/list",
  "tasks/pushNotificationConfig/delete",
  "agent/getAuthenticatedExtendedCard",
  "SendMessage",
  "SendStreamingMessage",
  "GetTask",
  "ListTasks",
  "CancelTask",
  "SubscribeToTask",
  "CreateTaskPushNotificationConfig",
  "GetTaskPushNotificationConfig",
  "ListTaskPushNotificationConfigs",
  "DeleteTaskPushNotificationConfig",
  "GetExtendedAgentCard",
]);

/** Where agents tell about themselves: A2A from 0.3 on, and before. */
const cardPaths = new Set(["/.well-known/agent-card.json", "/.well-known/agent.json"]);

/** Methods that send a message to an agent, by revision: who may send one may read its card. */
export const sendingMethods = ["message/send", "SendMessage"] as const;

/** Whether a path is that of an agent card. */
export function isAgentCard(path: string): boolean {
  return cardPaths.has(path);
}

/** `a2a` where any of the messages is only known there, else `mcp`. */
export function protocolOf(messages: readonly { readonly method: string }[]): "mcp" | "a2a" {
  return messages.some(({ method }) => a2aMethods.has(method)) ? "a2a" : "mcp";
}
