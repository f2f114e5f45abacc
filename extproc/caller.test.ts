/** Tests that a caller is what Envoy quoted, and nobody where it is anything else. */
import t from "tap";
import { readCaller } from "./caller.ts";

const callers = [
  { quoted: '"run:run-1"', caller: "run:run-1" },
  {
    quoted: '"TaskAgent\\u001fdefault\\u001fresearcher\\u001f\\u001f\\u001f"',
    caller: "TaskAgent\u001fdefault\u001fresearcher\u001f\u001f\u001f",
  },
  { quoted: '"a\\"b\\\\c"', caller: 'a"b\\c' },
  { quoted: '""', caller: "" },
];

for (const { quoted, caller } of callers) {
  t.test(`readCaller() reads ${quoted}`, async (t) => {
    t.equal(readCaller(quoted), caller);
  });
}

const nobody = [
  "",
  "-",
  "run:run-1",
  '"',
  '"run',
  '"a" "b"',
  '"a\u001fb"',
  "{}",
  "null",
  "7",
  '["a"]',
];

for (const quoted of [undefined, ...nobody]) {
  t.test(`readCaller() finds nobody in ${JSON.stringify(quoted)}`, async (t) => {
    t.equal(readCaller(quoted), "");
  });
}
