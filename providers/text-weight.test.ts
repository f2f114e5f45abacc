import t from "tap";
import { TextWeigher } from "./text-weight.ts";

/** The weight of a text as it stands in a JSON string; `size`: cut into such pieces. */
function weigh(text: string, size = Number.POSITIVE_INFINITY): number {
  const bytes = Buffer.from(JSON.stringify(text).slice(1, -1));
  const weigher = new TextWeigher();
  for (let at = 0; at < bytes.length; at += size) {
    weigher.write(bytes, at, Math.min(bytes.length, at + size));
  }
  return weigher.weight;
}

/** Tokens as the o200k vocabulary of OpenAI counts them, found with gpt-tokenizer. */
const samples: readonly { readonly text: string; readonly tokens: number }[] = [
  {
    text: "The quick brown fox jumps over the lazy dog, and then it sleeps for an hour.",
    tokens: 18,
  },
  { text: "Die Hafenstadt lag noch im Nebel, als der Lotse an Bord ging.", tokens: 17 },
  { text: "清晨的港口还笼罩在薄雾里，引航员登上货轮。", tokens: 22 },
  { text: "export function sum(a: number, b: number): number {\n  return a + b;\n}\n", tokens: 20 },
  { text: '{"id": "a1", "counts": [1, 22, 333], "isOpen": true}', tokens: 25 },
];

for (const { text, tokens } of samples) {
  t.test(`weight is near to the tokens of ${JSON.stringify(text.slice(0, 20))}`, async (test) => {
    const weight = weigh(text);
    test.ok(weight > tokens / 1.35 && weight < tokens * 1.35, `${weight} for ${tokens}`);
  });

  t.test(
    `weight does not depend on how pieces cut ${JSON.stringify(text.slice(0, 20))}`,
    (test) => {
      for (const size of [1, 2, 3, 7])
        test.equal(weigh(text, size).toFixed(6), weigh(text).toFixed(6));
      test.end();
    },
  );
}

t.test("what is written as escapes weighs what it stands for", async (test) => {
  const weigher = new TextWeigher();
  const bytes = Buffer.from("\\u6e05\\u6668\\ud83d\\ude00 \\u00e4\\n");
  weigher.write(bytes, 0, bytes.length);
  const plain = weigh("清晨😀 ä\n");
  test.ok(Math.abs(weigher.weight - plain) < 0.5, `${weigher.weight} and ${plain}`);
  test.equal(weigher.hasEscapedLetter, false);
});

t.test("a letter that is written as an escape is noticed, a mark is not", async (test) => {
  const noticed = (text: string) => {
    const weigher = new TextWeigher();
    weigher.write(Buffer.from(text), 0, Buffer.byteLength(text));
    return weigher.hasEscapedLetter;
  };
  test.equal(noticed("im\\u0061ge"), true);
  test.equal(noticed("a \\u003c b \\u0026 \\u2028 \\\\u0061"), false);
});

t.test("nothing of a text weighs nothing but more of what it repeats", async (test) => {
  test.equal(weigh(""), 0);
  for (const text of ["a", " ", "\n", "é", "中", "1", "-", "A"]) {
    const [once, often] = [weigh(text), weigh(text.repeat(1_000))];
    test.ok(often > once && often > 10, `${JSON.stringify(text)}: ${once} and ${often}`);
  }
});

t.test("begin() starts a word anew, without it a word goes on", async (test) => {
  const weigher = new TextWeigher();
  const write = (text: string) => weigher.write(Buffer.from(text), 0, text.length);
  write("hel");
  write("lo");
  const joined = weigher.weight;
  test.equal(joined.toFixed(6), weigh("hello").toFixed(6));
  weigher.begin();
  write("hello");
  test.equal(weigher.weight.toFixed(6), (2 * joined).toFixed(6));
});

t.test(
  "writeString() weighs up to the quote that ends the string, and begins anew",
  async (test) => {
    const bytes = Buffer.from('say \\"hello\\" \\\\" and more');
    const weigher = new TextWeigher();
    test.equal(weigher.writeString(bytes, 0), bytes.indexOf('" and'));
    test.equal(weigher.weight.toFixed(6), weigh('say "hello" \\').toFixed(6));
    test.equal(weigher.writeString(Buffer.from("no end\\"), 0), 7);
  },
);

t.test("write() takes a quote that nothing escapes for a mark", async (test) => {
  const weigher = new TextWeigher();
  weigher.write(Buffer.from('a"b'), 0, 3);
  test.equal(weigher.weight.toFixed(6), weigh("a-b").toFixed(6));
});
