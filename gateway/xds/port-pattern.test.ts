import t from "tap";
import { portPattern } from "./port-pattern.ts";

const ranges = [
  { name: "one port", start: 443, end: 443 },
  { name: "zero", start: 0, end: 0 },
  { name: "everything", start: 0, end: 65535 },
  { name: "across lengths", start: 8, end: 12_345 },
  { name: "within a ten", start: 8081, end: 8087 },
  { name: "round block", start: 8000, end: 8999 },
  { name: "almost round", start: 8001, end: 8998 },
  { name: "upper end", start: 49_152, end: 65_535 },
  { name: "99 to 100", start: 99, end: 100 },
] as const;

t.test("portPattern() fits exactly the ports of a range", async (t) => {
  for (const { name, start, end } of ranges) {
    const pattern = new RegExp(`^(?:${portPattern([{ start, end }])})$`);
    let wrong = 0;
    for (let port = 0; port <= 70_000; port++) {
      if (pattern.test(String(port)) !== (port >= start && port <= end)) wrong++;
    }
    t.equal(wrong, 0, `${name}: ${pattern.source}`);
  }
});

t.test("portPattern() joins ranges and stays short", async (t) => {
  t.equal(
    portPattern([
      { start: 80, end: 80 },
      { start: 443, end: 443 },
    ]),
    "80|443",
  );
  t.ok(portPattern([{ start: 1, end: 65_534 }]).length < 200);
});
