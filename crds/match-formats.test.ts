/** Formats of what rules compare with: stored text is canonical, refusals carry the reader's detail. */
import {
  addressFormat,
  basePathFormat,
  cidrFormat,
  dnsNameFormat,
  dnsPatternFormat,
  durationFormat,
  globFormat,
  hostFormat,
  hostPatternFormat,
  pathGlobFormat,
  regexFormat,
} from "./match-formats.ts";
import { testReads, testRefused } from "./testdata/format-cases.ts";

testReads(durationFormat, [
  ["100s", "1m40s"],
  ["5m", "5m0s"],
  ["1us", "1us"],
  ["744h", "744h0m0s"],
]);
testRefused(durationFormat, [
  ["", "no number"],
  ["0", "it must be more than 0"],
  ["0s", "it must be more than 0"],
  ["-5s", "it must be more than 0"],
  ["744h1s", "it must be at most 744h"],
  ["soon", "no number at position 0"],
  ["30", "no unit after 30; write 30s for seconds"],
]);

testReads(addressFormat, [
  "127.0.0.1",
  ["2001:DB8::1", "2001:db8::1"],
  ["::ffff:1.2.3.4", "1.2.3.4"],
  "0.0.0.0",
]);
testRefused(addressFormat, [
  ["localhost", "not four numbers from 0 to 255"],
  ["1.2.3", "not four numbers from 0 to 255"],
  ["10.0.0.0/8", "not four numbers from 0 to 255"],
  ["::g", "malformed IPv6 address"],
]);

testReads(cidrFormat, ["10.0.0.0/8", ["2001:DB8::/32", "2001:db8::/32"]]);
testRefused(cidrFormat, [
  ["10.0.0.0", 'no prefix length; for one address write "10.0.0.0/32"'],
  ["10.0.0.1/8", 'bits after the prefix are set; the block is "10.0.0.0/8"'],
]);

testReads(hostFormat, [["API.x.com.", "api.x.com"], ["[::1]", "::1"], "10.0.0.1"]);
testRefused(hostFormat, [
  ["*.x.com", 'character "*" at position 0'],
  ["", "empty name"],
]);

testReads(dnsNameFormat, [["API.x.com.", "api.x.com"], "localhost"]);
testRefused(dnsNameFormat, [
  ["10.0.0.1", "it is an IP address"],
  ["::1", "it is an IP address"],
  ["a..b", "empty label at position 2"],
]);

testReads(hostPatternFormat, [["*.X.com", "*.x.com"], ["[::1]", "::1"], "10.0.0.1", "x.com"]);
testRefused(hostPatternFormat, [
  ["*", '"*" alone is not allowed; name the hosts, or "*.example.com"'],
]);

testReads(dnsPatternFormat, [["*.X.com", "*.x.com"], "x.com"]);
testRefused(dnsPatternFormat, [
  ["10.0.0.1", "it is an IP address; use destinationCIDRs"],
  ["a..b", "empty label at position 2"],
]);

testReads(globFormat, ["*", "claude-*", "gpt-?"]);
testRefused(globFormat, [
  ["", "empty"],
  ["[a]", 'character "[" at position 0; only "*" and "?" are special here'],
]);

testReads(pathGlobFormat, ["/v1/*", "*", "*/chat", "/"]);
testRefused(pathGlobFormat, [
  ["v1/*", 'it begins neither with "/" nor with "*"'],
  ["?v1", 'it begins neither with "/" nor with "*"'],
  ["", 'it begins neither with "/" nor with "*"'],
  ["/{id}", 'character "{" at position 1; only "*" and "?" are special here'],
]);

const segments = "segments are of letters, digits and ._~@:- only, and no slash ends it";
testReads(basePathFormat, ["/v1", "/openai/v1", "/a.b/..c/~d@e:f-g_h"]);
testRefused(basePathFormat, [
  ["", 'it does not begin with "/"'],
  ["v1", 'it does not begin with "/"'],
  ["/", segments],
  ["/v1/", segments],
  ["//v1", segments],
  ["/v1?a=b", segments],
  ["/a%2f..", segments],
  ["/..", "it has a dot segment"],
  ["/v1/./x", "it has a dot segment"],
]);

testReads(regexFormat, ["^a.*$"]);
testRefused(regexFormat, [["(?=a)", 'RE2 has no lookaround ("(?=") at position 0']]);
