/** Tests of ranges of addresses. */
import t from "tap";
import { inRanges } from "./ranges.ts";

t.test("inRanges() knows addresses of both families, and no other text", async (t) => {
  const isInside = inRanges(["10.0.0.0/8", "fc00::/7", "192.0.2.7/32"]);
  for (const address of ["10.1.2.3", "fd00::1", "192.0.2.7"]) t.ok(isInside(address), address);
  for (const text of ["11.0.0.1", "2001:db8::1", "192.0.2.8", "host.test", ""]) {
    t.notOk(isInside(text), text);
  }
});

t.test("inRanges() keeps the families apart", async (t) => {
  t.notOk(inRanges(["::/0"])("10.1.2.3"));
  t.notOk(inRanges(["0.0.0.0/0"])("::1"));
});
