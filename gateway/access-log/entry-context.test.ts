/** Tests the start of a transaction in its three forms. */
import t from "tap";
import { decodedCommon } from "../testdata/access-log-entries.ts";
import { emptyCommon, startOf } from "./entry-context.ts";

t.test("startOf() gives milliseconds, nanoseconds and ISO 8601", async (t) => {
  t.same(startOf(decodedCommon({ startTime: { seconds: 1_795_000_000, nanos: 5_000_001 } })), {
    time: "2026-11-18T11:06:40.005Z",
    startUnixMs: 1_795_000_000_005,
    startUnixNs: "1795000000005000001",
  });
});

t.test("startOf() of nothing is the epoch", async (t) => {
  t.same(startOf(emptyCommon()), {
    time: "1970-01-01T00:00:00.000Z",
    startUnixMs: 0,
    startUnixNs: "0000000000",
  });
});
