/** Which calls a rule is about, and what a backend is asked for. */
import t from "tap";
import { matchesCall, rewriteModel } from "./model-match.ts";

const calls = [
  { name: "no globs", endpoints: [], models: [], model: "gpt-4", want: true },
  { name: "no globs and no model", endpoints: [], models: [], model: null, want: true },
  { name: "the model", endpoints: [], models: ["gpt-4"], model: "gpt-4", want: true },
  {
    name: "a glob of the model",
    endpoints: [],
    models: ["o*", "gpt-*"],
    model: "gpt-4",
    want: true,
  },
  { name: "another model", endpoints: [], models: ["gpt-*"], model: "o3", want: false },
  {
    name: "a model in another case",
    endpoints: [],
    models: ["gpt-*"],
    model: "GPT-4",
    want: false,
  },
  { name: "part of a model", endpoints: [], models: ["gpt"], model: "gpt-4", want: false },
  { name: "a call without model", endpoints: [], models: ["*"], model: null, want: false },
  { name: "a call with an empty model", endpoints: [], models: ["gpt-*"], model: "", want: false },
  {
    name: "a model with slashes",
    endpoints: [],
    models: ["meta/*"],
    model: "meta/a/b",
    want: true,
  },
  { name: "the path", endpoints: ["/v1/a"], models: [], model: null, want: true },
  { name: "a glob of the path", endpoints: ["/b", "/v1/*"], models: [], model: null, want: true },
  { name: "another path", endpoints: ["/v2/*"], models: [], model: null, want: false },
  { name: "the path alone", endpoints: ["/v1/*"], models: ["gpt-*"], model: "o3", want: false },
  { name: "the model alone", endpoints: ["/v2"], models: ["gpt-*"], model: "gpt-4", want: false },
  { name: "both", endpoints: ["/v1/*"], models: ["gpt-*"], model: "gpt-4", want: true },
];
for (const { name, endpoints, models, model, want } of calls) {
  t.test(`matchesCall() is ${want} for ${name}`, async (t) => {
    t.equal(matchesCall({ endpoints, models }, { path: "/v1/a", model }), want);
  });
}

t.test("rewriteModel() takes the first rewrite that matches", async (t) => {
  const rewrites = [
    { from: "gpt-4*", to: "one" },
    { from: "gpt-*", to: "two" },
  ];
  t.equal(rewriteModel(rewrites, "gpt-4o"), "one");
  t.equal(rewriteModel(rewrites, "gpt-5"), "two");
  t.equal(rewriteModel(rewrites, "o3"), "o3");
  t.equal(rewriteModel([], "o3"), "o3");
});

t.test("rewriteModel() rewrites once", async (t) => {
  const rewrites = [
    { from: "a", to: "b" },
    { from: "b", to: "c" },
  ];
  t.equal(rewriteModel(rewrites, "a"), "b");
});
