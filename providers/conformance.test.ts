import t from "tap";
import { checkProvider } from "./conformance.ts";
import { mirrorProvider } from "./conformance/testdata/mirror-provider.ts";
import { providers } from "./registry.ts";

for (const provider of providers) {
  t.test(`checkProvider() finds nothing wrong with ${provider.name}`, async (t) => {
    for (const { subject, checks, problems } of checkProvider(provider, { splits: 500 })) {
      t.ok(checks > 0, subject);
      t.same(problems, [], subject);
    }
  });
}

t.test("checkProvider() checks the declaration and every codec", async (t) => {
  const findings = [...checkProvider(mirrorProvider(), { splits: 10 })];
  t.same(
    findings.map(({ subject, problems }) => [subject, problems]),
    [
      ["declaration", []],
      ["mirror-chat", []],
      ["mirror-count", []],
      ["mirror-embeddings", []],
    ],
  );
  for (const { subject, checks } of findings.slice(1)) t.ok(checks > 250, `${subject}: ${checks}`);
});

t.test("checkProvider() asks nothing of codecs where the declaration is wrong", async (t) => {
  t.same(
    [...checkProvider({ ...mirrorProvider(), hosts: ["UPPER"] })],
    [
      {
        subject: "declaration",
        checks: 1,
        problems: [
          'declaration: fields: hosts[0] is "UPPER", wanted a host name in lower case, or one after *.',
        ],
      },
    ],
  );
  t.same([...checkProvider(undefined)].length, 1);
});

t.test("checkProvider() finds codecs that only throw, and does not throw itself", async (t) => {
  const fails = () => {
    throw new Error("Not written yet");
  };
  const chat = {
    decodeRequest: fails,
    encodeRequest: fails,
    decodeResponse: fails,
    encodeResponse: fails,
    createStreamDecoder: fails,
    createStreamEncoder: fails,
    decodeError: fails,
    encodeError: fails,
  };
  const [, found] = checkProvider(mirrorProvider({ chat, count: chat, embeddings: chat }));
  t.ok((found?.problems.length ?? 0) > 200);
  const [first = ""] = found?.problems ?? [];
  t.equal(first, 'mirror-chat: request "one text": it throws: Not written yet');
});

t.test("checkProvider() streams nothing of a dialect without streams", async (t) => {
  const { expresses } = mirrorProvider().served?.[0]?.codec ?? { expresses: new Set() };
  const without = new Set([...expresses].filter((feature) => feature !== "stream"));
  const fails = () => {
    throw new Error("There are no streams");
  };
  const chat = { expresses: without, createStreamDecoder: fails, createStreamEncoder: fails };
  const operation = { codec: undefined } as never;
  const findings = [...checkProvider(mirrorProvider({ chat, operation }))];
  t.same(
    findings.flatMap(({ problems }) => problems),
    [],
  );
});
