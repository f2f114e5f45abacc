import t from "tap";
import { parseMoment } from "./moment.ts";

const nowMs = Date.UTC(2026, 10, 29, 8);

t.test("parseMoment() takes how long ago, and RFC 3339 as it is written", (t) => {
  t.equal(parseMoment("10m", nowMs), "2026-11-29T07:50:00.000Z");
  t.equal(parseMoment("1h30m", nowMs), "2026-11-29T06:30:00.000Z");
  t.equal(parseMoment("2d", nowMs), "2026-11-27T08:00:00.000Z");
  const exact = "2026-01-02T03:04:05.123456789+01:00";
  t.equal(parseMoment(exact, nowMs), exact);
  for (const text of ["", "10", "-5m", "soon", "2026-01-02", "2026-13-02T03:04:05Z", "9999999h"]) {
    t.throws(() => parseMoment(text, nowMs), RangeError, text);
  }
  t.end();
});
