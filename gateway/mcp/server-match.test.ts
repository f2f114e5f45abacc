import t from "tap";
import { matchesServer, mcpServer } from "./server-match.ts";

const server = mcpServer("https", "MCP.Example:443", "/team/mcp?session=1");

t.test("mcpServer() names a server without what does not tell it apart", async (test) => {
  test.same(server, { origin: "https://mcp.example", host: "mcp.example", path: "/team/mcp" });
  test.same(mcpServer("http", "mcp.example:8080", "/"), {
    origin: "http://mcp.example:8080",
    host: "mcp.example",
    path: "/",
  });
  test.equal(mcpServer("http", "[::1]", "/").host, "[::1]");
});

t.test("matchesServer() compares hosts, origins and whole URLs", async (test) => {
  const cases = [
    [[], true],
    [["mcp.example"], true],
    [["*.example"], true],
    [["https://mcp.example"], true],
    [["http://mcp.example"], false],
    [["https://mcp.example/team/*"], true],
    [["https://*/team/mcp"], true],
    [["https://mcp.example/other/*", "*://mcp.example/*"], true],
    [["https://mcp.example/"], false],
    [["other.example"], false],
  ] as const;
  for (const [globs, isMatch] of cases) {
    test.equal(matchesServer(globs, server), isMatch, JSON.stringify(globs));
  }
});

t.test("matchesServer() takes no path for part of a host", async (test) => {
  const evil = mcpServer("https", "evil.test", "/x.good.test/mcp");
  test.notOk(matchesServer(["https://*.good.test/mcp"], evil));
  test.notOk(matchesServer(["https://*.good.test"], evil));
});
