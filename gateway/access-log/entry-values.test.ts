/** Tests values of entries: flags, durations, addresses, and filter state in any bytes. */
import t from "tap";
import { decodedCommon, filterState } from "../testdata/access-log-entries.ts";
import {
  addressText,
  durationMs,
  filterStateText,
  responseFlags,
  socketText,
  sortedFlags,
} from "./entry-values.ts";

t.test("responseFlags() gives the short names of what is set", async (t) => {
  const flagsOf = (responseFlags_: object) =>
    responseFlags(decodedCommon({ responseFlags: responseFlags_ }).responseFlags);
  t.same(flagsOf({}), []);
  t.same(flagsOf({ upstreamConnectionFailure: true, noRouteFound: true }), ["UF", "NR"]);
  t.same(flagsOf({ unauthorizedDetails: {}, downstreamRemoteReset: true }), ["DR", "UAEX"]);
  t.same(responseFlags(null), []);
});

t.test("sortedFlags() puts names into the same order, unknown ones last", async (t) => {
  t.same(sortedFlags(["XX", "UAEX", "NR", "UF"]), ["UF", "NR", "UAEX", "XX"]);
});

t.test("durationMs() keeps fractions and tells absence from zero", async (t) => {
  const { duration } = decodedCommon({ duration: { seconds: 2, nanos: 500_000 } });
  t.equal(durationMs(duration), 2_000.5);
  t.equal(durationMs(decodedCommon({ duration: {} }).duration), 0);
  t.equal(durationMs(null), null);
});

t.test("socketText() and addressText() of every kind of address", async (t) => {
  const of = (address: object) =>
    decodedCommon({ upstreamRemoteAddress: address }).upstreamRemoteAddress;
  const v4 = of({ socketAddress: { address: "203.0.113.9", portValue: 443 } });
  const v6 = of({ socketAddress: { address: "2001:db8::9", portValue: 443 } });
  t.same([socketText(v4), addressText(v4)], ["203.0.113.9:443", "203.0.113.9"]);
  t.same([socketText(v6), addressText(v6)], ["[2001:db8::9]:443", "2001:db8::9"]);
  for (const other of [
    null,
    of({}),
    of({ pipe: { path: "/x" } }),
    of({ envoyInternalAddress: {} }),
  ]) {
    t.same([socketText(other), addressText(other)], ["", ""]);
  }
});

t.test("filterStateText() reads strings of any length", async (t) => {
  for (const value of ["x", "a".repeat(127), "b".repeat(128), "ü".repeat(10_000), "run:run-1"]) {
    const common = decodedCommon({ filterStateObjects: filterState({ key: value }) });
    t.equal(filterStateText(common, "key"), value);
  }
});

t.test("filterStateText() is empty for what is absent", async (t) => {
  const common = decodedCommon({ filterStateObjects: filterState({ dash: "-", empty: "" }) });
  for (const key of ["dash", "empty", "other", "constructor"])
    t.equal(filterStateText(common, key), "");
});

const malformed: readonly { readonly name: string; readonly hex: string; readonly want: string }[] =
  [
    { name: "nothing", hex: "", want: "" },
    { name: "only a tag", hex: "0a", want: "" },
    { name: "another field", hex: "120178", want: "" },
    { name: "a length beyond the end", hex: "0a0578", want: "x" },
    { name: "a length that never ends", hex: "0affffffffff", want: "\ufffd" },
    { name: "bytes that are not UTF-8", hex: "0a02fffe", want: "\ufffd\ufffd" },
  ];

for (const { name, hex, want } of malformed) {
  t.test(`filterStateText() survives ${name}`, async (t) => {
    const value = Buffer.from(hex, "hex");
    const common = decodedCommon({ filterStateObjects: { key: { typeUrl: "x", value } } });
    t.equal(filterStateText(common, "key"), want);
  });
}
