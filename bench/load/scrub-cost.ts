/**
 * What it costs to take a value out of an answer of 64 KB, or to swap a placeholder in a request of that size, where it is
 * not there: `node bench/load/scrub-cost.ts [rounds] [bodies per round]`. CPU µs a body, median of the rounds.
 */
import { createPlaceholder, placeholderTag } from "../../gateway/placeholder.ts";
import { ValueExchange } from "../../gateway/value-exchange.ts";

const bodyBytes = 65_536;
const value = `sk-ant-api03-${"Ab3_dEf-9h".repeat(9)}AA`;
const key = Buffer.alloc(32, 1);
const made = createPlaceholder(value, { key, name: "default/key/token" });
if (made.kind !== "made") throw new Error(made.reason);

const exchanges = {
  "value from answers": new ValueExchange([{ kind: "replace", from: value, to: made.text }], {
    forms: "all",
    unwritable: "hide",
  }),
  "header credential from answers": new ValueExchange([{ kind: "hide", from: `Bearer ${value}` }], {
    forms: "all",
    unwritable: "hide",
  }),
  "placeholder in requests": new ValueExchange(
    [
      { kind: "replace", from: made.text, to: value },
      { kind: "mark", from: placeholderTag(key) },
    ],
    { forms: "text", unwritable: "mark" },
  ),
};

const words = "keys, sockets & streams of a quick brown fox \\n say 100% nothing at all".split(" ");

const bodies = {
  "event stream, piece by piece": pieces((index) => {
    const choice = { index: 0, delta: { content: words[index % words.length] } };
    return `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [choice] })}\n\n`;
  }),
  "JSON in one piece": [
    Buffer.concat(pieces((index) => JSON.stringify({ index, text: words.join(" ") }))),
  ],
  "Base64 in one piece": [
    Buffer.from(
      Buffer.from(Array.from({ length: 49_152 }, (_, at) => at * 7_919)).toString("base64"),
    ),
  ],
};

function pieces(write: (index: number) => string): Buffer[] {
  const made: Buffer[] = [];
  for (let bytes = 0; bytes < bodyBytes; bytes += made.at(-1)?.length ?? 0) {
    made.push(Buffer.from(write(made.length)));
  }
  return made;
}

function measure(exchange: ValueExchange, body: readonly Buffer[], count: number): number {
  const before = process.cpuUsage();
  for (let round = 0; round < count; round++) {
    const stream = exchange.open();
    for (const piece of body) stream.write(piece, "more");
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const [rounds = 7, count = 200] = process.argv.slice(2).map(Number);
for (const [what, exchange] of Object.entries(exchanges)) {
  for (const [shape, body] of Object.entries(bodies)) {
    measure(exchange, body, count);
    const samples = Array.from({ length: rounds }, () => measure(exchange, body, count)).sort(
      (left, right) => left - right,
    );
    const median = samples[Math.floor(rounds / 2)] ?? 0;
    process.stdout.write(`${what}: ${shape} (${body.length}): ${median.toFixed(0)} µs\n`);
  }
}
