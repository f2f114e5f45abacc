/** An agent that asks an MCP server for what it has, and tries all of it. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const client = new Client({ name: "agent", version: "1.0.0" });
const transport = new StreamableHTTPClientTransport(new URL("https://mcp.deepwiki.com/mcp"));
// Under exactOptionalPropertyTypes the SDK's own class does not fit its interface.
await client.connect(transport as Parameters<Client["connect"]>[0]);

const { tools } = await client.listTools();
console.log(`tools: ${tools.map(({ name }) => name).join(", ")}`);

for (const [name, repoName] of [
  ["read_wiki_structure", "envoyproxy/envoy"],
  ["read_wiki_structure", "someone/else"],
  ["ask_question", "envoyproxy/envoy"],
] as const) {
  try {
    await client.callTool({ name, arguments: { repoName, question: "What?" } });
    console.log(`${name} of ${repoName}: answered`);
  } catch (error) {
    console.log(`${name} of ${repoName}: ${error instanceof Error ? error.message : "failed"}`);
  }
}
await client.close();
