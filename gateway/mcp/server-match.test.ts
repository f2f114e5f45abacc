import t from "tap";
import { isAmbiguousPath, matchesServer, mcpServer, namesPath } from "./server-match.ts";

const server = mcpServer("https", "MCP.Example:443", "/team/mcp?session=1");

t.test("mcpServer() names a server without what does not tell it apart", async (test) => {
  test.same(server, { origin: "https://mcp.example", host: "mcp.example", path: "/team/mcp" });
  test.same(mcpServer("http", "mcp.example:8080", "/"), {
    origin: "http://mcp.example:8080",
    host: "mcp.example",
    path: "/",
  });
  test.equal(mcpServer("http", "[::1]", "/").host, "[::1]");
  test.match(mcpServer("https", "mcp.example.:8443", "/%61dmi%6E%2fx"), {
    origin: "https://mcp.example:8443",
    host: "mcp.example",
    path: "/admin%2fx",
  });
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

t.test("isAmbiguousPath() finds what servers read in different ways", async (test) => {
  const isAmbiguous = (path: string) => isAmbiguousPath(mcpServer("https", "a.test", path));
  for (const path of [
    "//mcp",
    "/a%2Fmcp",
    "/a%5cmcp",
    "/mcp%00",
    "/mcp;x",
    "/a/%2e%2e/mcp",
    "/.",
  ]) {
    test.ok(isAmbiguous(path), path);
  }
  for (const path of ["/mcp", "/", "/a..b", "/mcp?x=//"]) test.notOk(isAmbiguous(path), path);
});

t.test("namesPath() tells whether globs have one", async (test) => {
  test.ok(namesPath(["a.test", "https://a.test/mcp"]));
  test.notOk(namesPath(["a.test", "https://a.test"]));
});
