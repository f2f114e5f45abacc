import t from "tap";
import { RequestNotes } from "./request-notes.ts";
import { decodeReasoning, withUsualDisplay } from "./reasoning-decoder.ts";

const cases = [
  { thinking: undefined, effort: undefined, says: null },
  { thinking: null, effort: null, says: null },
  {
    thinking: undefined,
    effort: "low",
    says: { effort: "low", budgetTokens: null, visible: null },
  },
  {
    thinking: undefined,
    effort: "xhigh",
    says: { effort: "xhigh", budgetTokens: null, visible: null },
  },
  {
    thinking: { type: "enabled", budget_tokens: 2_000 },
    effort: undefined,
    says: { effort: null, budgetTokens: 2_000, visible: null },
  },
  {
    thinking: { type: "enabled", budget_tokens: 2_000, display: "omitted" },
    effort: "high",
    says: { effort: "high", budgetTokens: 2_000, visible: false },
  },
  {
    thinking: { type: "adaptive" },
    effort: undefined,
    says: { effort: null, budgetTokens: -1, visible: null },
  },
  {
    thinking: { type: "adaptive", display: "summarized" },
    effort: "max",
    says: { effort: "max", budgetTokens: -1, visible: true },
  },
  {
    thinking: { type: "disabled" },
    effort: undefined,
    says: { effort: "none", budgetTokens: null, visible: null },
  },
  {
    thinking: { type: "disabled" },
    effort: "medium",
    says: { effort: "medium", budgetTokens: 0, visible: null },
  },
  {
    thinking: { type: "between_tools" },
    effort: undefined,
    says: { effort: "none", budgetTokens: null, visible: null },
  },
];
for (const { thinking, effort, says } of cases) {
  const name = JSON.stringify({ thinking, effort });
  t.test(`decodeReasoning() reads ${name}`, async (t) => {
    const notes = new RequestNotes();
    t.strictSame(decodeReasoning(thinking, effort, notes), says);
    t.strictSame(notes.unexpressed, []);
    t.equal(notes.reason, null);
  });
}

const noted = [
  { thinking: undefined, effort: "extreme", at: "output_config.effort" },
  { thinking: undefined, effort: 3, at: "output_config.effort" },
  { thinking: { type: "dreaming" }, effort: undefined, at: "thinking.type" },
  { thinking: { type: "adaptive", depth: 1 }, effort: undefined, at: "thinking.depth" },
];
for (const { thinking, effort, at } of noted) {
  t.test(`decodeReasoning() names what it does not know at ${at}`, async (t) => {
    const notes = new RequestNotes();
    decodeReasoning(thinking, effort, notes);
    t.strictSame(notes.unexpressed, [{ feature: "unknown-field", at }]);
  });
}

const malformed = [
  { thinking: "enabled", reason: "thinking is not an object" },
  { thinking: { type: "enabled" }, reason: "thinking.budget_tokens is not a number" },
  {
    thinking: { type: "enabled", budget_tokens: "many" },
    reason: "thinking.budget_tokens is not a number",
  },
];
for (const { thinking, reason } of malformed) {
  t.test(
    `decodeReasoning() refuses thinking of which ${reason}: ${JSON.stringify(thinking)}`,
    async (t) => {
      const notes = new RequestNotes();
      t.equal(decodeReasoning(thinking, undefined, notes), null);
      t.equal(notes.reason, reason);
    },
  );
}

const asked = { effort: null, budgetTokens: 2_000, visible: null } as const;
const adaptive = { ...asked, budgetTokens: -1 } as const;
const displays = [
  { name: "a budget", model: "claude-sonnet-4-5", reasoning: asked, visible: true },
  { name: "a budget", model: "claude-3-7-sonnet-latest", reasoning: asked, visible: true },
  {
    name: "a budget",
    model: "anthropic.claude-opus-4-1-20250805-v1:0",
    reasoning: asked,
    visible: true,
  },
  { name: "a budget", model: "my-deployment", reasoning: asked, visible: true },
  { name: "adaptive thinking", model: "claude-opus-4-6", reasoning: adaptive, visible: true },
  { name: "adaptive thinking", model: "claude-opus-4-7", reasoning: adaptive, visible: null },
  { name: "adaptive thinking", model: "claude-fable-5", reasoning: adaptive, visible: null },
  {
    name: "what is hidden on purpose",
    model: "claude-sonnet-4-5",
    reasoning: { ...asked, visible: false },
    visible: false,
  },
  {
    name: "a word for effort alone",
    model: "claude-opus-4-5",
    reasoning: { effort: "low", budgetTokens: null, visible: null },
    visible: null,
  },
  {
    name: "no thinking beside a word for effort",
    model: "claude-opus-4-6",
    reasoning: { effort: "low", budgetTokens: 0, visible: null },
    visible: null,
  },
] as const;
for (const { name, model, reasoning, visible } of displays) {
  t.test(`withUsualDisplay() has ${name} of ${model} shown: ${visible}`, async (t) => {
    t.strictSame(withUsualDisplay(reasoning, model), { ...reasoning, visible });
  });
}

t.test("withUsualDisplay() makes no reasoning of none", async (t) => {
  t.equal(withUsualDisplay(null, "claude-sonnet-4-5"), null);
});
