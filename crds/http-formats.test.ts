/** Header names and values, methods, paths, URLs. */
import t from "tap";
import {
  callHeaderNameFormat,
  findPathMistake,
  headerNameFormat,
  headerPrefixFormat,
  headerValueFormat,
  httpUrlFormat,
  mediaTypeFormat,
  methodFormat,
  modifiableHeaderNameFormat,
  queryParamNameFormat,
} from "./http-formats.ts";
import { testReads, testRefused } from "./testdata/format-cases.ts";

testReads(headerNameFormat, [
  "x-api-key",
  "Authorization",
  "content-length",
  "x",
  "!#$%&'*+-.^_`|~09",
]);
testReads(modifiableHeaderNameFormat, ["x-api-key", "Authorization", "cookie", "content-type"]);

const reserved = [
  ["X-Clrk-Agent", '"x-clrk-" is reserved'],
  ["x-clrk-", '"x-clrk-" is reserved'],
  ["Host", "the host is a matter of hostnames"],
  [":authority", "pseudo headers are not headers; use hostnames, path or method"],
] as const;
const malformed = ["", "a b", "a:", "a\n", "é", "a,b", "a/b", "a(b)", '"a"', "a\0"];
for (const format of [headerNameFormat, modifiableHeaderNameFormat, callHeaderNameFormat]) {
  testRefused(format, reserved);
  testRefused(format, malformed);
}

testRefused(
  modifiableHeaderNameFormat,
  [
    "Connection",
    "content-length",
    "keep-alive",
    "Proxy-Authenticate",
    "proxy-authorization",
    "proxy-connection",
    "TE",
    "trailer",
    "Transfer-Encoding",
    "upgrade",
  ].map((name) => [name, "it belongs to the connection, not to the request"] as const),
);

testReads(callHeaderNameFormat, ["x-user", "X-Tenant", "ce-subject", "from"]);
testRefused(callHeaderNameFormat, [
  ["Authorization", "it holds a credential, and what is read here is kept in the open"],
  ["cookie", "it holds a credential, and what is read here is kept in the open"],
  ["X-Goog-Api-Key", "it holds a credential, and what is read here is kept in the open"],
  ["X-API-Key", "it holds a credential, and what is read here is kept in the open"],
  ["connection", "it belongs to the connection, not to the request"],
  ["CE-clrkIdentity", '"ce-clrk" is reserved'],
]);

testReads(headerValueFormat, ["", "a", "a b\tc", "é", '"quoted"; x=1', "%REQ(x)%"]);
testRefused(headerValueFormat, [
  [" a", "blanks at an end, which every receiver drops"],
  ["a\t", "blanks at an end, which every receiver drops"],
  ["a\r\nb: c", "line break at position 1"],
  ["a\n", "line break at position 1"],
  ["\0", "control character at position 0"],
  ["ab\u007f", "control character at position 2"],
  ["a\u0085b", "control character at position 1"],
]);

testReads(headerPrefixFormat, ["", "Bearer ", "Basic\t"]);
testRefused(headerPrefixFormat, [
  ["Bearer\n", "line break at position 6"],
  ["\u001b", "control character at position 0"],
]);

testReads(methodFormat, ["GET", "POST", "M-SEARCH", "VERSION_CONTROL", "X2"]);
testRefused(methodFormat, ["", "get", "Get", "GET ", "2X", "GET,POST", "*", "GÉT"]);

testReads(queryParamNameFormat, ["key", "api_key", "X-Goog.key~", "$filter"]);
testRefused(queryParamNameFormat, [
  "",
  "a b",
  "a=b",
  "a&b",
  "a#b",
  "a%20b",
  "a[b]",
  "é",
  "a?b",
  "a+b",
]);

testReads(mediaTypeFormat, [
  "application/json",
  ["Text/Event-Stream", "text/event-stream"],
  "application/vnd.x+json",
]);
testRefused(mediaTypeFormat, ["", "json", "a/b/c", "/json", "text/", "text/ html", "*", "a b/c"]);
testRefused(mediaTypeFormat, [
  ["text/html; charset=utf-8", "parameters are not compared; leave them out"],
]);

testReads(httpUrlFormat, [
  ["https://otlp.example.com", "https://otlp.example.com"],
  ["https://otlp.example.com/", "https://otlp.example.com"],
  ["HTTPS://Otlp.Example.com:443/v1/", "https://otlp.example.com/v1"],
  ["http://127.0.0.1:4318", "http://127.0.0.1:4318"],
  ["http://[::1]:4318/a/b", "http://[::1]:4318/a/b"],
]);
testRefused(httpUrlFormat, [
  ["otlp.example.com", "malformed URL"],
  ["otlp.example.com:4318", "scheme is neither http nor https"],
  ["https://", "malformed URL"],
  ["https://a b", "malformed URL"],
  [" https://a", "malformed URL"],
  ["https://a\n", "malformed URL"],
  ["ftp://a", "scheme is neither http nor https"],
  ["https:a", 'no "//" after the scheme'],
  ["https:/a", 'no "//" after the scheme'],
  ["https://user:pw@a", "a URL must not hold credentials"],
  ["https://user@a", "a URL must not hold credentials"],
  ["https://a?x=1", "no query and no fragment allowed"],
  ["https://a#x", "no query and no fragment allowed"],
  ["https://a?", "no query and no fragment allowed"],
]);

for (const path of [
  "/",
  "/v1",
  "/v1/files/",
  "/a%20b",
  "/~u/@x:y;z=1,2!$&'()+",
  "/.well-known/x",
  "/...",
  "/a.b",
]) {
  t.test(`findPathMistake() finds none in ${path}`, (t) => {
    t.equal(findPathMistake(path), undefined);
    t.end();
  });
}

for (const [path, mistake] of [
  ["", 'it does not begin with "/"'],
  ["v1", 'it does not begin with "/"'],
  ["https://x/v1", 'it does not begin with "/"'],
  ["/v1?x=1", "a query is not part of the path"],
  ["/v1#x", "a fragment is never sent"],
  ["/v1/*", '"*" is only special with type "Glob"'],
  ["//v1", "empty segment"],
  ["/v1//x", "empty segment"],
  ["/v1/../x", 'segment "." or ".."'],
  ["/v1/.", 'segment "." or ".."'],
  ["/v1/..", 'segment "." or ".."'],
  ["/./v1", 'segment "." or ".."'],
  ["/a%2fb", "encoded slash"],
  ["/a%2Fb", "encoded slash"],
  ["/a b", "character at position 2 must be percent-encoded"],
  ["/é", "character at position 1 must be percent-encoded"],
  ["/a%", "character at position 2 must be percent-encoded"],
  ["/a%zz", "character at position 2 must be percent-encoded"],
  ["/a\nb", "character at position 2 must be percent-encoded"],
  ["/a\\b", "character at position 2 must be percent-encoded"],
  ["/{id}", "character at position 1 must be percent-encoded"],
] as const) {
  t.test(`findPathMistake() finds one in ${JSON.stringify(path)}`, (t) => {
    t.equal(findPathMistake(path), mistake);
    t.end();
  });
}

t.test("details about header values never repeat them", (t) => {
  for (const text of ["hunter2\n", " hunter2", "hunter2\0"]) {
    const reading = headerValueFormat.read(text);
    t.notMatch(JSON.stringify(reading), /hunter/);
  }
  t.notMatch(JSON.stringify(httpUrlFormat.read("https://user:hunter2@a")), /hunter/);
  t.end();
});
