import t from "tap";
import type { Codec } from "./codec.ts";
import { codecsOf } from "./provider-codecs.ts";
import { anthropic } from "./anthropic/provider.ts";

const codecNamed = (name: string) => ({ name }) as unknown as Codec;
const [first, second] = [codecNamed("first"), codecNamed("second")];
const operation = {
  name: "chat",
  paths: ["/"],
  answer: {},
  event: {},
  finalStatuses: [],
  inputTokens: "with-cache",
} as const;
const served = { modelIn: "body", path: () => "/", headers: [] } as const;

t.test("codecsOf() gives each codec once, those of its own calls first", async (t) => {
  const provider = {
    ...anthropic,
    operations: [{ ...operation, codec: second }, operation, { ...operation, codec: second }],
    served: [
      { ...served, codec: first },
      { ...served, codec: second },
    ],
  };
  t.same(codecsOf(provider), [second, first]);
});

t.test("codecsOf() gives none where nothing is declared", async (t) => {
  const { operations: _, ...bare } = anthropic;
  t.same(codecsOf({ ...bare, served: [] }), []);
});
