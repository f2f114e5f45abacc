/** Moments as Kubernetes writes them. */
import { dateTimeFormat } from "./date-time.ts";
import { testReads, testRefused } from "./testdata/format-cases.ts";

testReads(dateTimeFormat, [
  "2026-01-02T03:04:05Z",
  "2026-01-02T03:04:05.123456Z",
  "2026-01-02T03:04:05+01:00",
]);

testRefused(dateTimeFormat, ["", "2026-01-02", "2026-13-02T03:04:05Z", "2026-01-02T03:04:05"]);
