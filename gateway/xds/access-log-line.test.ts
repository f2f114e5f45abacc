/** Tests the format of the lines that Envoy writes. */
import t from "tap";
import {
  attemptLineFormat,
  attemptLineMark,
  fieldSeparator,
  lineFields,
  lineFormat,
} from "./access-log-line.ts";
import { identitySeparator } from "../caller-parts.ts";

t.test("lineFormat() has every field once, in order, and one line end", async (t) => {
  const format = lineFormat("explicit", "https");
  t.ok(format.endsWith("\n"));
  const fields = format.slice(0, -1).split(fieldSeparator);
  t.equal(fields.length, lineFields.measures.length + lineFields.facts.length);
  t.notMatch(format.slice(0, -1), /\n/);
  for (const [index, name] of [...lineFields.measures, ...lineFields.facts].entries()) {
    if (name === "listener") t.equal(fields[index], "explicit");
    else if (name === "scheme") t.equal(fields[index], "https");
    else t.match(fields[index], /^%[A-Z_]+.*%$/, name);
  }
});

t.test("lineFields names no field twice", async (t) => {
  const names = [...lineFields.measures, ...lineFields.facts];
  t.equal(new Set(names).size, names.length);
});

t.test("fieldSeparator is not the separator within a caller", async (t) => {
  t.not(fieldSeparator, identitySeparator);
});

t.test("attemptLineFormat() begins as no transaction does, an upstream's text last", async (t) => {
  const format = attemptLineFormat();
  t.equal(format[0], attemptLineMark);
  t.not(lineFormat("explicit", "https")[0], attemptLineMark);
  t.ok(format.endsWith("%RESP(RETRY-AFTER)%\n"));
  const fields = format.slice(1, -1).split(fieldSeparator);
  t.equal(fields.filter((field) => field.includes("RESP(")).length, 1);
  for (const field of fields) t.match(field, /^%[A-Z_]+.*%$/);
});
