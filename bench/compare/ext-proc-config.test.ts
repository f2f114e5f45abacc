/** Unit tests of the bootstrap: contenders differ in their sockets and in nothing else. */
import t from "tap";
import { exchanges, extProcBootstrap } from "./ext-proc-config.ts";
import type { ExtProcConfigOptions } from "./ext-proc-config.ts";

const base: ExtProcConfigOptions = {
  upstream: { host: "127.0.0.1", port: 4711 },
  routes: [
    { name: "allow/r/0", prefix: "/a/", planId: "00000000000000aa" },
    { name: "allow/r/1", prefix: "/b/", planId: "00000000000000bb" },
  ],
  sockets: ["/s/one.sock"],
};

const text = (options: Partial<ExtProcConfigOptions> = {}) =>
  JSON.stringify(extProcBootstrap({ ...base, ...options }));

t.test("extProcBootstrap() differs between servers by their sockets only", async (t) => {
  const other = text({ sockets: ["/s/two.sock"] });
  t.equal(other.replace("/s/two.sock", "/s/one.sock"), text());
  const two = text({ sockets: ["/s/one.sock", "/s/two.sock"] });
  const endpoint = '{"endpoint":{"address":{"pipe":{"path":"/s/two.sock"}}}}';
  t.equal(two.replace(`,${endpoint}`, ""), text());
});

t.test("extProcBootstrap() has no trace of the filter without a server", async (t) => {
  const none = text({ sockets: [] });
  t.notMatch(none, /ext_proc\.v3|processor/);
  t.match(none, /set_filter_state/, "what is before the filter stays");
});

t.test("extProcBootstrap() sends the phases that a listener is named after", async (t) => {
  const found = [...text().matchAll(/"processing_mode":(\{[^}]*\})/g)];
  const modes = new Map(
    exchanges.map((exchange, index) => [exchange, JSON.parse(found[index]?.[1] ?? "{}")]),
  );
  const skip = { request_trailer_mode: "SKIP", response_trailer_mode: "SKIP" };
  const send = { request_header_mode: "SEND", response_header_mode: "SEND", ...skip };
  const none = { request_body_mode: "NONE", response_body_mode: "NONE" };
  const streamed = { request_body_mode: "STREAMED", response_body_mode: "STREAMED" };
  t.same(modes.get("headers"), { ...send, ...none, response_header_mode: "SKIP" });
  t.same(modes.get("response-headers"), { ...send, ...none });
  t.same(modes.get("bodies"), { ...send, ...streamed });
  const whole = { request_body_mode: "BUFFERED", response_body_mode: "BUFFERED" };
  t.same(modes.get("whole-bodies"), { ...send, ...whole });
  t.same(modes.get("whole-request"), { ...send, ...whole, response_body_mode: "STREAMED" });
});

t.test("extProcBootstrap() tells each route's plan and writes a log only when asked", async (t) => {
  t.equal(text().split('{"key":"x-clrk-plan","value":"00000000000000bb"}').length - 1, 5);
  t.notMatch(text(), /FileAccessLog/);
  t.match(text({ accessLog: { path: "/p", format: "f\n" } }), /FileAccessLog","path":"\/p"/);
});

t.test("extProcBootstrap() sets the headers of a route", async (t) => {
  t.notMatch(text(), /_headers_to_add/);
  const headers = { requestHeaders: { "x-a": "1" }, responseHeaders: { "x-b": "%FORMAT%" } };
  const route = { name: "allow/r/0", prefix: "/", planId: "00000000000000aa", ...headers };
  const bootstrap = text({ routes: [route] });
  const set = '"append_action":"OVERWRITE_IF_EXISTS_OR_ADD"';
  t.match(bootstrap, `"request_headers_to_add":[{"header":{"key":"x-a","value":"1"},${set}}]`);
  t.match(
    bootstrap,
    `"response_headers_to_add":[{"header":{"key":"x-b","value":"%FORMAT%"},${set}}]`,
  );
});
