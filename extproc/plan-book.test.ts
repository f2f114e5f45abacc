/** Tests what a thread decides by while revisions follow one another, and what it never shows. */
import { inspect } from "node:util";
import t from "tap";
import type { Policy } from "../gateway/pipeline.ts";
import type { AttemptPlan } from "../gateway/snapshot.ts";
import { PlanBook } from "./plan-book.ts";
import { plan, update } from "./testdata/playbook.ts";
import { backendOf, candidate, fallback, routedRule, routingPlan } from "./testdata/routing.ts";
import {
  attemptPlan,
  capturePlan,
  queryUse,
  resourceOf,
  signatureUse,
} from "./testdata/snapshots.ts";
import { placeholderUse, swapPlan } from "./testdata/swaps.ts";

const gemini = resourceOf("gemini");
const aws = resourceOf("aws");

function queryPlan(id: string, secret = "gemini") {
  return plan({ id, queryCredentials: [queryUse(secret)] });
}

const keys = (id: string): [string, string][] => [
  [`${aws}/access_key_id`, id],
  [`${aws}/secret_access_key`, `secret of ${id}`.replaceAll(" ", "-")],
];
const signedBy = (book: PlanBook, { id }: AttemptPlan) => {
  const signer = book.findAttempt(id)?.signer;
  if (signer?.kind !== "signer") return signer?.reason;
  const signed = signer.signer.sign({
    method: "GET",
    path: "/",
    host: "a.example.com",
    headers: [],
    payloadHash: "",
    nowMs: 0,
  });
  const set = signed.kind === "signed" ? new Map(signed.set) : new Map<string, string>();
  return /Credential=([^/]*)/.exec(set.get("authorization") ?? "")?.[1];
};

t.test("find() gives a plan with what follows from it", async (t) => {
  const never: Policy = {
    name: "never",
    applies: () => false,
    evaluate: () => ({ kind: "continue" }),
  };
  const always = { ...never, name: "always", applies: () => true };
  const book = new PlanBook([never, always]);
  const asked = plan({ meters: true, provider: "anthropic" });
  t.equal(book.find(asked.id), undefined);
  book.publish(update([asked]));
  t.match(book.find(asked.id), {
    plan: asked,
    policies: [{ name: "always" }],
    shown: { responseHeaders: true, requestBody: "streamed", responseBody: true },
    provider: { name: "anthropic" },
  });
  t.equal(book.find(asked.id)?.policies.length, 1);
  t.equal(book.find(asked.id)?.mcp, undefined);
});

t.test("find() gives a plan for MCP with its judge, made once", async (t) => {
  const book = new PlanBook([]);
  const asked = plan({ mcp: { rules: [] } });
  book.publish(update([asked]));
  const judge = book.find(asked.id)?.mcp;
  t.ok(judge);
  book.publish(update([asked], { revision: 2 }));
  t.equal(book.find(asked.id)?.mcp, judge);
});

t.test(
  "find() knows no provider where the plan names none, or one that is not known",
  async (t) => {
    const book = new PlanBook();
    const { provider: _, ...unnamed } = plan({ id: "a" });
    book.publish(update([unnamed, plan({ id: "b", provider: "nobody" })]));
    t.equal(book.find("a")?.provider, undefined);
    t.equal(book.find("b")?.provider, undefined);
    t.ok(book.find("b"));
  },
);

t.test("find() asks the pipeline's own policies unless others are given", async (t) => {
  const book = new PlanBook();
  book.publish(update([queryPlan("q"), plan({ id: "p" })]));
  const names = (id: string) => book.find(id)?.policies.map(({ name }) => name);
  t.same(names("q"), ["trace-context", "query-credential"]);
  t.same(names("p"), ["trace-context"]);
});

t.test("find() does not mistake ids for members of objects", async (t) => {
  const book = new PlanBook();
  book.publish(update([plan()]));
  for (const id of ["", "constructor", "__proto__", "0"]) {
    t.equal(book.find(id), undefined);
    t.equal(book.findAttempt(id), undefined);
  }
});

t.test(
  "find() keeps plans of three revisions before, and a plan that stays as it was",
  async (t) => {
    const book = new PlanBook();
    t.equal(book.revision, 0);
    const stays = plan({ id: "stays" });
    const found = [];
    for (let revision = 1; revision <= 6; revision++) {
      book.publish(update([stays, plan({ id: `r${revision}` })], { revision }));
      found.push(book.find("stays"));
    }
    t.equal(book.revision, 6);
    t.equal(new Set(found).size, 1, "nothing is made anew for it");
    const kept = [1, 2, 3, 4, 5, 6].filter((revision) => book.find(`r${revision}`) !== undefined);
    t.same(kept, [3, 4, 5, 6]);
  },
);

t.test("credential() gives the newest value to plans of every revision", async (t) => {
  const book = new PlanBook();
  const { credential } = book;
  t.equal(credential(gemini), undefined);
  book.publish(update([queryPlan("q")], { credentials: [[gemini, "old"]] }));
  t.equal(credential(gemini)?.reveal(), "old");
  book.publish(update([queryPlan("q")], { credentials: [[gemini, "new"]] }));
  t.equal(credential(gemini)?.reveal(), "new");
});

t.test("credential() gives nothing once the secret of a rule is gone", async (t) => {
  const book = new PlanBook();
  book.publish(update([queryPlan("q")], { credentials: [[gemini, "old"]] }));
  book.publish(update([queryPlan("q")]));
  t.equal(book.credential(gemini), undefined);
});

t.test("credential() still serves the plans before a rule took another secret", async (t) => {
  const book = new PlanBook();
  const other = resourceOf("other");
  book.publish(update([queryPlan("q1")], { credentials: [[gemini, "one"]] }));
  for (let revision = 2; revision <= 4; revision++) {
    book.publish(update([queryPlan("q2", "other")], { revision, credentials: [[other, "two"]] }));
    t.equal(book.credential(gemini)?.reveal(), "one", "Envoy may still ask by the plan before");
    t.equal(book.credential(other)?.reveal(), "two");
  }
  book.publish(update([queryPlan("q2", "other")], { revision: 5, credentials: [[other, "two"]] }));
  t.equal(book.find("q1"), undefined);
  t.equal(book.credential(gemini), undefined, "as long as its plan is known, and no longer");
});

t.test("findAttempt() signs with the newest credential, or says why it cannot", async (t) => {
  const book = new PlanBook();
  const signing = attemptPlan("aws");
  const attempts = [signing];
  book.publish(update([], { attempts }));
  t.equal(signedBy(book, signing), "its credential has not arrived");
  book.publish(update([], { attempts, credentials: keys("AKIDONE") }));
  t.equal(signedBy(book, signing), "AKIDONE");
  const before = book.findAttempt(signing.id);
  book.publish(update([], { attempts, credentials: keys("AKIDTWO") }));
  t.equal(signedBy(book, signing), "AKIDTWO");
  t.not(book.findAttempt(signing.id), before);
  book.publish(update([], { attempts, credentials: keys("AKIDTWO").slice(0, 1) }));
  t.equal(signedBy(book, signing), "its credential has not arrived");
});

t.test("findAttempt() still signs by the plan before a rule took another secret", async (t) => {
  const book = new PlanBook();
  const before = attemptPlan("aws");
  const after = attemptPlan("aws2", "00000000000000bb");
  book.publish(update([], { attempts: [before], credentials: keys("AKIDONE") }));
  const credentials = keys("AKIDTWO").map(([name, value]): [string, string] => [
    name.replace("/aws/", "/aws2/"),
    value,
  ]);
  book.publish(update([], { attempts: [after], credentials, revision: 2 }));
  t.equal(signedBy(book, before), "AKIDONE");
  t.equal(signedBy(book, after), "AKIDTWO");
});

const keeping = plan({ id: "keeping", capture: capturePlan({ response: true }) });

t.test("publish() of a revision with other values forgets no plan of those before", async (t) => {
  const book = new PlanBook();
  book.publish(update([queryPlan("before")], { credentials: [[gemini, "one"]] }));
  for (let turn = 1; turn <= 10; turn++) {
    const credentials = [[gemini, `value-${turn}`] as const];
    book.publish(update([queryPlan("now")], { revision: 2, credentials }));
  }
  t.ok(book.find("before"));
  t.equal(book.credential(gemini)?.reveal(), "value-10");
});

t.test("redactor removes what is injected where something is kept", async (t) => {
  const book = new PlanBook();
  t.equal(book.redactor.redactText("a sk-injected-value b"), "a sk-injected-value b");
  book.publish(update([keeping], { credentials: [[gemini, "sk-injected-value"]] }));
  t.equal(book.redactor.redactText("a sk-injected-value b"), "a [redacted] b");
});

t.test("redactor removes values that were replaced, which open streams may show", async (t) => {
  const book = new PlanBook();
  for (let revision = 1; revision <= 10; revision++) {
    book.publish(
      update([keeping], { revision, credentials: [[gemini, `sk-injected-value-${revision}`]] }),
    );
  }
  const text = "1: sk-injected-value-1, 10: sk-injected-value-10";
  t.equal(book.redactor.redactText(text), "1: [redacted], 10: [redacted]");
});

t.test("redactor still works when no plan keeps anything any more", async (t) => {
  const book = new PlanBook();
  book.publish(update([keeping], { credentials: [[gemini, "sk-injected-value"]] }));
  for (let revision = 2; revision <= 10; revision++) book.publish(update([plan()], { revision }));
  t.equal(book.find("keeping"), undefined);
  t.equal(book.redactor.redactText("sk-injected-value"), "[redacted]");
});

t.test("redactor knows values that came before anything was kept", async (t) => {
  const book = new PlanBook();
  book.publish(update([queryPlan("q")], { credentials: [[gemini, "sk-injected-value"]] }));
  book.publish(update([queryPlan("q"), keeping], { credentials: [[gemini, "sk-newest-value"]] }));
  const text = "sk-injected-value sk-newest-value";
  t.equal(book.redactor.redactText(text), "[redacted] [redacted]");
});

t.test(
  "redactor forgets what was retired long ago, and never a value in use or of late",
  async (t) => {
    const book = new PlanBook();
    const used: [string, string] = ["secret/default/used/token", "sk-always-in-use"];
    const value = (revision: number) => `sk-rotated-${revision}-`.padEnd(1_024, `${revision}end`);
    const shown = (text: string) => book.redactor.redactText(text);
    // 32 KiB of retired values are kept, and as much again until the redactor is made anew.
    const forgottenAt: number[] = [];
    for (let revision = 0; revision <= 140; revision++) {
      const credentials = [used, [gemini, value(revision)] as const];
      book.publish(update([queryPlan("q"), keeping], { revision, credentials }));
      t.equal(shown(used[1]), "[redacted]");
      for (const back of [0, 1, 16, 31]) {
        if (back <= revision) t.equal(shown(value(revision - back)), "[redacted]");
      }
      if (forgottenAt.length === 0 && shown(value(0)) === value(0)) forgottenAt.push(revision);
    }
    t.ok(forgottenAt[0] !== undefined && forgottenAt[0] <= 68, `at revision ${forgottenAt}`);
    t.equal(shown(value(40)), value(40));
  },
);

t.test("publish() makes no swap anew whose plan and values are the same", async (t) => {
  const book = new PlanBook();
  const names = Array.from({ length: 1_000 }, (_, at) => `secret/default/s${at}/token`);
  const swaps = names.map((resource, at) =>
    swapPlan({
      id: `swap-${at}`,
      placeholders: [
        {
          ...placeholderUse(),
          placeholder: `ph-${at}`,
          secret: { ...placeholderUse().secret, resource },
        },
      ],
    }),
  );
  const values = new Map(
    names.flatMap((name, at) => [
      [name, `sk-${at}-`.padEnd(62, "v")] as const,
      [`ph-${at}`, `ph-${at}-`.padEnd(62, "p")] as const,
    ]),
  );
  const before = process.memoryUsage().arrayBuffers;
  book.publish(update([], { swaps, credentials: [...values] }));
  const taken = process.memoryUsage().arrayBuffers - before;
  t.ok(taken < 16_000_000, `${taken} bytes for those that nobody has asked for`);
  const entries = swaps.map(({ id }) => book.findSwap(id));
  t.equal(
    entries[7]?.requests?.Header.exchangeText(values.get("ph-7") ?? "").text,
    values.get(names[7] ?? ""),
  );
  values.set(names[7] ?? "", "sk-new-".padEnd(62, "n"));
  book.publish(update([], { revision: 2, swaps, credentials: [...values] }));
  const others = swaps.flatMap(({ id }, at) => (book.findSwap(id) === entries[at] ? [] : [at]));
  t.same(others, [7]);
  const swapped = book.findSwap("swap-7")?.requests?.Header.exchangeText(values.get("ph-7") ?? "");
  t.equal(swapped?.text, values.get(names[7] ?? ""));
});

t.test("redactor takes in one of a thousand values without the others", async (t) => {
  const book = new PlanBook();
  const names = Array.from({ length: 1_000 }, (_, at) => `secret/default/s${at}/token`);
  const value = (at: number, life: number) => `sk-${at}-${life}-`.padEnd(200, `${at}x${life}y`);
  const lives = names.map(() => 0);
  const credentials = () => names.map((name, at) => [name, value(at, lives[at] ?? 0)] as const);
  const publish = (revision: number) => {
    const startMs = performance.now();
    book.publish(update([keeping], { revision, credentials: credentials() }));
    return performance.now() - startMs;
  };
  const wholeMs = publish(1);
  const times: number[] = [];
  for (let revision = 2; revision <= 22; revision++) {
    lives[revision] = 1;
    times.push(publish(revision));
    t.equal(book.redactor.redactText(`a ${value(revision, 1)} b`), "a [redacted] b");
    t.equal(book.redactor.redactText(`a ${value(revision, 0)} b`), "a [redacted] b");
    t.equal(book.redactor.redactText(`a ${value(999, 0)} b`), "a [redacted] b");
  }
  const oneMs = times.toSorted((one, other) => one - other)[10] ?? Number.NaN;
  t.ok(oneMs < wholeMs / 4, `one in ${oneMs.toFixed(1)} ms, all in ${wholeMs.toFixed(1)} ms`);
  t.comment(`one in ${oneMs.toFixed(1)} ms, all in ${wholeMs.toFixed(1)} ms`);
});

t.test("redactor is made anew only for new values", async (t) => {
  const book = new PlanBook();
  const credentials = [[gemini, "sk-injected-value"]] as const;
  book.publish(update([keeping], { credentials }));
  const { redactor } = book;
  book.publish(update([keeping, plan()], { revision: 2, credentials }));
  t.equal(book.redactor, redactor);
  book.publish(update([keeping], { revision: 3, credentials: [[gemini, "sk-other-value"]] }));
  t.not(book.redactor, redactor);
});

t.test("PlanBook shows no value when it is printed", async (t) => {
  const book = new PlanBook();
  const attempts = [attemptPlan("aws")];
  const credentials = [...keys("AKIDONE"), [gemini, "sk-injected-value"] as const];
  book.publish(update([queryPlan("q"), keeping], { attempts, credentials }));
  const shown = inspect(book, { depth: 9, showHidden: true }) + JSON.stringify(book);
  t.notMatch(shown, /sk-injected|secret-of/);
});

const choosing = (id: string, secret = "gemini") => {
  const rule = routedRule([
    candidate({ queryCredentials: [queryUse(secret)] }),
    backendOf("bedrock", "aws_bedrock", { signing: signatureUse("aws") }),
  ]);
  return plan({ id, routing: routingPlan(rule) });
};

t.test("credential() gives what candidates need, and forgets it with their secret", async (t) => {
  const book = new PlanBook();
  const credentials = [[gemini, "one"], ...keys("AKIDONE")] as const;
  book.publish(update([choosing("c")], { credentials }));
  t.equal(book.credential(gemini)?.reveal(), "one");
  t.equal(book.credential(`${aws}/access_key_id`)?.reveal(), "AKIDONE");
  book.publish(update([choosing("c")], { revision: 2 }));
  t.equal(book.credential(gemini), undefined);
  t.equal(book.credential(`${aws}/access_key_id`), undefined);
});

t.test(
  "credential() serves candidates of the plans before a rule took another secret",
  async (t) => {
    const book = new PlanBook();
    book.publish(update([choosing("c1")], { credentials: [[gemini, "one"]] }));
    book.publish(
      update([choosing("c2", "other")], {
        credentials: [[resourceOf("other"), "two"]],
        revision: 2,
      }),
    );
    t.equal(book.credential(gemini)?.reveal(), "one");
    for (let revision = 3; revision <= 6; revision++) book.publish(update([], { revision }));
    t.equal(book.credential(gemini), undefined);
  },
);

const attemptOf = (guardedRanges: readonly string[]): AttemptPlan => ({
  id: "00000000000000cc",
  gateway: "default/egress",
  fallback: {
    provider: "openai",
    rule: routedRule([candidate({ queryCredentials: [queryUse("gemini")] })], { fallback }),
    candidate: 0,
    guardedRanges,
  },
});

t.test(
  "credential() gives what candidates of attempts need, and forgets it with them",
  async (t) => {
    const book = new PlanBook();
    const attempts = [attemptOf([])];
    book.publish(update([], { attempts, credentials: [[gemini, "one"]] }));
    t.equal(book.credential(gemini)?.reveal(), "one");
    book.publish(update([], { attempts, revision: 2 }));
    t.equal(book.credential(gemini), undefined);
  },
);

t.test("signer() is made once a revision, for each region and service", async (t) => {
  const book = new PlanBook();
  const use = signatureUse("aws");
  book.publish(update([choosing("c")], { credentials: keys("AKIDONE") }));
  const made = book.signer(use);
  t.equal(made.kind, "signer");
  t.equal(book.signer({ ...use }), made);
  t.not(book.signer({ ...use, region: "eu-west-1" }), made);
  t.not(book.signer({ ...use, service: "s3" }), made);
  book.publish(update([choosing("c")], { revision: 2 }));
  t.match(book.signer(use), { kind: "unusable" }, "the keys are gone");
});

t.test(
  "redactor removes the values of candidates where only a rule of theirs keeps anything",
  async (t) => {
    for (const changes of [{ meters: true }, { meters: false, capture: capturePlan() }]) {
      const book = new PlanBook();
      const rules = [
        routedRule([candidate()], { meters: false }),
        routedRule([candidate({ queryCredentials: [queryUse("gemini")] })], changes),
      ];
      const asked = plan({ routing: routingPlan(...rules) });
      book.publish(update([asked], { credentials: [[gemini, "sk-injected-value"]] }));
      t.equal(book.redactor.redactText("a sk-injected-value b"), "a [redacted] b");
    }
  },
);

t.test("findAttempt() knows the addresses that an attempt must not lead to", async (t) => {
  const book = new PlanBook();
  book.publish(update([], { attempts: [attemptOf([])] }));
  t.equal(book.findAttempt("00000000000000cc")?.guard, undefined);
  const other = new PlanBook();
  const attempts = [attemptOf(["10.0.0.0/8", "fc00::/7", "0:0:0:0:0:ffff:a00:0/104"])];
  other.publish(update([], { attempts }));
  const guard = other.findAttempt("00000000000000cc")?.guard;
  t.equal(guard?.check("10.1.1.1", "ipv4"), true);
  t.equal(guard?.check("11.1.1.1", "ipv4"), false);
  t.equal(guard?.check("fd00::1", "ipv6"), true);
  t.equal(guard?.check("::ffff:10.9.9.9", "ipv6"), true);
  t.equal(guard?.check("::ffff:11.9.9.9", "ipv6"), false);
  other.publish(update([], { attempts, revision: 2 }));
  t.equal(other.findAttempt("00000000000000cc")?.guard, guard, "made once");
});
