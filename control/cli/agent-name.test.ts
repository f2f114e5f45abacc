import t from "tap";
import { defaultAgentName, isAgentName, toLabel } from "./agent-name.ts";

for (const { argv, name } of [
  { argv: ["python", "agent.py"], name: "python" },
  { argv: ["/usr/bin/python3.13", "agent.py"], name: "python3-13" },
  { argv: ["./My_Agent.sh"], name: "my-agent-sh" },
  { argv: ["env", "A=1", "nice", "-n", "5", "node", "x.js"], name: "node" },
  { argv: ["env"], name: "env" },
  { argv: ["___"], name: "agent" },
  { argv: [""], name: "agent" },
  { argv: ["агент"], name: "agent" },
  { argv: ["a".repeat(80)], name: "a".repeat(63) },
]) {
  t.test(`defaultAgentName() of ${JSON.stringify(argv)} is a label`, (t) => {
    t.equal(defaultAgentName(argv), name);
    t.ok(isAgentName(defaultAgentName(argv)));
    t.end();
  });
}

for (const name of ["", "-a", "a-", "A", "a.b", "a_b", "a b", "é", "a".repeat(64), "a\n"]) {
  t.test(`isAgentName() refuses ${JSON.stringify(name)}`, (t) => {
    t.notOk(isAgentName(name));
    t.end();
  });
}

t.test("toLabel() always gives a label or nothing", (t) => {
  const characters = "aZ9-_.é \n";
  let seed = 7;
  for (let round = 0; round < 2_000; round++) {
    let text = "";
    for (let index = 0; index < round % 90; index++) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      text += characters[seed % characters.length] ?? "";
    }
    const label = toLabel(text);
    if (label !== "" && !isAgentName(label)) t.fail(`${JSON.stringify(text)} gave "${label}"`);
  }
  t.pass();
  t.end();
});
