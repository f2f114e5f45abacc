import t from "tap";
import { seededRandom } from "../testdata/random.ts";
import type { McpRule } from "../mcp-plan.ts";
import type { JudgedMessage, MessageVerdict } from "./rule-judge.ts";
import { CallArguments } from "./call-arguments.ts";
import { compileRule, matchesMessage } from "./compiled-rule.ts";
import { RuleJudge } from "./rule-judge.ts";
import { mcpServer } from "./server-match.ts";
import { globs, match, mcpPlan, toolPolicy } from "./testdata/plans.ts";

const server = mcpServer("https", "mcp.test", "/mcp");

const request = (method: string): JudgedMessage => ({ kind: "request", method, subjects: [] });
const call = (name: string): JudgedMessage => ({
  ...request("tools/call"),
  subjects: [{ kind: "tool", name }],
});
const resource = (name: string, method = "resources/read"): JudgedMessage => ({
  ...request(method),
  subjects: [{ kind: "resource", name }],
});
const prompt = (name: string): JudgedMessage => ({
  ...request("prompts/get"),
  subjects: [{ kind: "prompt", name }],
});
const response: JudgedMessage = { kind: "response", method: "", subjects: [] };

function text(verdict: MessageVerdict): string {
  return verdict.kind === "allow"
    ? `allow ${verdict.ruleIndex}`
    : `deny ${verdict.ruleIndex} ${verdict.clause}`;
}

t.test("judge() takes the first rule that matches, and refuses what none does", async (test) => {
  const judge = new RuleJudge(
    mcpPlan(
      { matches: [match({ tools: globs("read_*") })] },
      {
        matches: [match({ tools: globs("*file*"), resources: ["file:///docs/*"] })],
        toolPolicies: [toolPolicy({ denied: globs("write_*") })],
      },
      { matches: [match({ prompts: ["review*"] }), match({ methods: ["logging/*"] })] },
    ),
  );
  const cases = [
    [call("read_file"), "allow 0"],
    [call("list_files"), "allow 1"],
    [call("write_file"), 'deny 1 denies tool "write_file"'],
    [call("exec"), 'deny null does not allow tool "exec" on this server'],
    [resource("file:///docs/a/b"), "allow 1"],
    [resource("file:///docs/a", "resources/subscribe"), "allow 1"],
    [resource("file:///etc"), 'deny null does not allow resource "file:///etc" on this server'],
    [prompt("review-code"), "allow 2"],
    [prompt("jailbreak"), 'deny null does not allow prompt "jailbreak" on this server'],
    [request("logging/setLevel"), "allow 2"],
    [request("tasks/list"), 'deny null does not allow method "tasks/list" on this server'],
  ] as const;
  for (const [message, wanted] of cases) test.equal(text(judge.judge(message, server)), wanted);
});

t.test(
  "judge() lets a session begin, go on and end on a server that a rule is about",
  async (test) => {
    const judge = new RuleJudge(
      mcpPlan({ matches: [match({ servers: ["mcp.test"], tools: globs("a") })] }),
    );
    const other = mcpServer("https", "other.test", "/mcp");
    const base = [
      request("initialize"),
      request("ping"),
      request("server/discover"),
      { ...request("notifications/cancelled"), kind: "notification" } as const,
      response,
      request("tools/list"),
    ];
    for (const message of base) {
      test.equal(text(judge.judge(message, server)), "allow null", message.method);
      test.equal(judge.judge(message, other).kind, "deny", message.method);
    }
    test.equal(judge.judge(request("resources/list"), server).kind, "deny");
    test.equal(judge.judge(request("prompts/list"), server).kind, "deny");
    test.ok(judge.names(server));
    test.notOk(judge.names(other));
  },
);

t.test("judge() wants every named thing to be allowed", async (test) => {
  const judge = new RuleJudge(mcpPlan({ matches: [match({ resources: ["a:*"] })] }));
  const listen = (...names: readonly string[]): JudgedMessage => ({
    ...request("subscriptions/listen"),
    subjects: names.map((name) => ({ kind: "resource", name })),
  });
  test.equal(judge.judge(listen("a:1", "a:2"), server).kind, "allow");
  test.equal(judge.judge(listen("a:1", "b:2"), server).kind, "deny");
  test.equal(judge.judge(listen(), server).kind, "deny");
});

t.test("judge() asks every tool policy, denied before allowed", async (test) => {
  const judge = new RuleJudge(
    mcpPlan({
      toolPolicies: [
        toolPolicy({
          allowed: { globs: ["get_*"], expressions: ["find_[a-z]+"] },
          denied: { globs: [], expressions: [".*_secret"] },
          confirmed: ["get_money"],
        }),
        toolPolicy({ denied: globs("get_never") }),
      ],
    }),
  );
  const cases = [
    ["get_it", "allow 0"],
    ["find_it", "allow 0"],
    ["find_1", 'deny 0 does not allow tool "find_1"'],
    ["get_secret", 'deny 0 denies tool "get_secret"'],
    ["get_never", 'deny 0 denies tool "get_never"'],
    ["get_money", "allow 0"],
  ] as const;
  for (const [name, wanted] of cases) test.equal(text(judge.judge(call(name), server)), wanted);
  test.equal(text(judge.judge(request("resources/list"), server)), "allow 0");
});

t.test("judge() says who must confirm a call", async (test) => {
  const confirmation = { timeoutMs: 5 };
  const judge = new RuleJudge(
    mcpPlan({ toolPolicies: [toolPolicy({ confirmed: ["pay*"], confirmation }), toolPolicy()] }),
  );
  test.match(judge.judge(call("pay_now"), server), { kind: "allow", confirmation });
  test.match(judge.judge(call("get"), server), { kind: "allow", confirmation: null });
  test.ok(judge.shows("tool", "pay_now", server));
});

t.test("judge() gives the limits of the rule and of the tool", async (test) => {
  const limit = (name: string) => ({
    policy: { kind: "MCPRoute", namespace: "default", name },
    requests: 1,
    windowMs: 1_000,
    scope: "PerAgent" as const,
  });
  const judge = new RuleJudge(
    mcpPlan({
      limits: [limit("rule")],
      toolPolicies: [
        toolPolicy({
          limits: [
            { tools: globs("a*"), limit: limit("a") },
            { tools: globs("*b"), limit: limit("b") },
          ],
        }),
      ],
    }),
  );
  const limitsOf = (message: JudgedMessage) => {
    const verdict = judge.judge(message, server);
    return verdict.kind === "allow" ? verdict.limits.map(({ policy }) => policy.name) : [];
  };
  test.same(limitsOf(call("ab")), ["rule", "a", "b"]);
  test.same(limitsOf(call("b")), ["rule", "b"]);
  test.same(limitsOf(request("ping")), ["rule"]);
});

t.test("judge() tells no more of a name than people can read", async (test) => {
  const verdict = new RuleJudge(mcpPlan()).judge(call(`x${"y".repeat(500)}`), server);
  test.match(verdict, {
    kind: "deny",
    clause: `does not allow tool "x${"y".repeat(127)}…" on this server`,
  });
});

t.test("hides() is true unless the first rule allows everything", async (test) => {
  const hides = (...rules: readonly Partial<McpRule>[]) =>
    new RuleJudge(mcpPlan(...rules)).hides(server);
  test.notOk(hides({}));
  test.ok(hides());
  test.ok(hides({ toolPolicies: [toolPolicy({ denied: globs("a") })] }));
  test.ok(hides({ matches: [match({ servers: ["other.test"] })] }));
  test.ok(hides({ matches: [match({ tools: globs("a") })] }, {}));
});

t.test("judge() remembers verdicts, and mistakes none for another", async (test) => {
  const judge = new RuleJudge(
    mcpPlan(
      { matches: [match({ servers: ["https://mcp.test/a"], tools: globs("x") })] },
      { matches: [match({ servers: ["http://mcp.test"], resources: ["x"] })] },
    ),
  );
  const cases = [
    [call("x"), mcpServer("https", "mcp.test", "/a"), "allow"],
    [call("x"), mcpServer("https", "mcp.test", "/b"), "deny"],
    [call("x"), mcpServer("http", "mcp.test", "/a"), "deny"],
    [resource("x"), mcpServer("http", "mcp.test", "/a"), "allow"],
    [resource("x"), mcpServer("https", "mcp.test", "/a"), "deny"],
    [{ ...call("x"), subjects: [] }, mcpServer("https", "mcp.test", "/a"), "deny"],
  ] as const;
  for (let round = 0; round < 2; round++) {
    for (const [message, at, kind] of cases) test.equal(judge.judge(message, at).kind, kind);
    for (let index = 0; index < 2_000; index++) judge.judge(call(`y${index}`), server);
  }
});

const withArguments = (name: string, json: string): JudgedMessage => {
  const body = Buffer.from(json);
  return {
    ...call(name),
    arguments: new CallArguments(body, { start: 0, end: body.length }),
  };
};
const isIn = (path: string, ...values: readonly string[]) =>
  ({ path, operator: "In", values }) as const;

t.test("judge() allows calls by their arguments, rule after rule", async (test) => {
  const judge = new RuleJudge(
    mcpPlan(
      {
        matches: [
          match({ tools: globs("push"), conditions: [isIn("repo", "a"), isIn("branch", "dev")] }),
          match({ tools: globs("push"), conditions: [isIn("repo", "b")] }),
        ],
      },
      { matches: [match({ tools: globs("p*"), conditions: [isIn("repo", "c")] })] },
      {
        matches: [match({ tools: globs("put") })],
        toolPolicies: [toolPolicy({ denied: globs("put") })],
      },
    ),
  );
  const cases = [
    ["push", '{"repo":"a","branch":"dev"}', "allow 0"],
    ["push", '{"repo":"b"}', "allow 0"],
    ["push", '{"repo":"c"}', "allow 1"],
    [
      "push",
      '{"repo":"a","branch":"main"}',
      'deny null does not allow tool "push" on this server with argument "branch" as it is',
    ],
    [
      "push",
      "{}",
      'deny null does not allow tool "push" on this server with argument "repo" as it is',
    ],
    [
      "push",
      '{"repo":"b","Repo":"c"}',
      'deny 0 cannot tell argument "repo" of tool "push": a key on its way comes twice or in another case',
    ],
    ["put", '{"repo":"c"}', "allow 1"],
    ["put", '{"repo":"d"}', 'deny 2 denies tool "put"'],
    ["pull", '{"repo":"c"}', "allow 1"],
  ] as const;
  for (let round = 0; round < 2; round++) {
    for (const [name, json, wanted] of cases) {
      test.equal(text(judge.judge(withArguments(name, json), server)), wanted, `${name} ${json}`);
    }
  }
  test.equal(judge.judge(call("push"), server).kind, "deny", "no arguments at all");
  test.ok(judge.shows("tool", "push", server));
  test.ok(judge.shows("tool", "put", server), "some arguments allow it");
  test.notOk(judge.shows("tool", "get", server));
});

t.test("judge() denies calls by their arguments, also where it cannot tell", async (test) => {
  const judge = new RuleJudge(
    mcpPlan({
      toolPolicies: [
        toolPolicy({
          deniedArguments: [
            {
              tools: globs("pay"),
              conditions: [
                { path: "amount", operator: "GreaterThan", bound: "100", values: [] },
                isIn("currency", "EUR"),
              ],
            },
            {
              tools: globs("pay"),
              conditions: [{ path: "to", operator: "NotIn", values: ["me"] }],
            },
          ],
        }),
      ],
    }),
  );
  const cases = [
    ['{"to":"me","amount":100,"currency":"EUR"}', "allow 0"],
    ['{"to":"me","amount":101,"currency":"USD"}', "allow 0"],
    ['{"to":"me"}', "allow 0"],
    [
      '{"to":"me","amount":101,"currency":"EUR"}',
      'deny 0 denies tool "pay" with argument "amount" as it is',
    ],
    [
      '{"to":"me","amount":"101","currency":["EUR"]}',
      'deny 0 denies tool "pay" with argument "amount" as it is',
    ],
    ['{"amount":1}', 'deny 0 denies tool "pay" with argument "to" as it is'],
    ['{"to":["me"]}', 'deny 0 denies tool "pay" with argument "to" as it is'],
    [
      '{"to":"me","To":"you"}',
      'deny 0 cannot tell argument "amount" of tool "pay": a key on its way comes twice or in another case',
    ],
  ] as const;
  for (const [json, wanted] of cases) {
    test.equal(text(judge.judge(withArguments("pay", json), server)), wanted, json);
  }
  test.equal(judge.judge(withArguments("get", '{"amount":101}'), server).kind, "allow");
  test.ok(judge.shows("tool", "pay", server));
});

t.test("judge() finds the same rule as comparing one match after another", async (test) => {
  const random = seededRandom(11);
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
  const some = (items: readonly string[]) => (random() < 0.4 ? [] : [pick(items), pick(items)]);
  const names = ["*", "a", "ab*", "*b", "a*b", "?b", "*x*"];
  const servers = [
    "*",
    "mcp.test",
    "*.test",
    "https://mcp.test",
    "https://mcp.test/m*",
    "http://*",
  ];
  const methods = ["tools/*", "tools/call", "*", "*/read", "prompts/get"];
  for (let run = 0; run < 150; run++) {
    const plan = mcpPlan(
      ...Array.from({ length: 12 }, () => ({
        matches: Array.from({ length: 3 }, () =>
          match({
            servers: some(servers),
            methods: some(methods),
            tools: { globs: some(names), expressions: random() < 0.1 ? ["a+b"] : [] },
            resources: some(names),
            prompts: some(names),
          }),
        ),
      })),
    );
    const judge = new RuleJudge(plan);
    for (const kind of ["tool", "resource", "prompt"] as const) {
      for (const name of ["a", "ab", "aab", "x", "b"]) {
        const message = {
          ...pick([call(name), resource(name), prompt(name)]),
          subjects: [{ kind, name }],
        };
        const rule = plan.rules
          .map(compileRule)
          .find(({ matches }) => matches.some((one) => matchesMessage(one, message, server)));
        const verdict = judge.judge(message, server);
        test.equal(verdict.ruleIndex, rule?.ruleIndex ?? null);
      }
    }
  }
});

t.test(
  "possibleVerdicts() is one where arguments do not matter, and all that may be where they do",
  async (test) => {
    const wanted = { path: "path", operator: "In", values: ["/tmp"] } as const;
    const denies = { tools: globs("list_*"), conditions: [wanted] };
    const judge = new RuleJudge(
      mcpPlan(
        { matches: [match({ tools: globs("read_*"), conditions: [wanted] })] },
        {
          matches: [match({ tools: globs("*_file", "list_*") })],
          toolPolicies: [toolPolicy({ denied: globs("delete_*"), deniedArguments: [denies] })],
        },
      ),
    );
    const cases = [
      [call("write_file"), ["allow"]],
      [call("delete_file"), ["deny"]],
      [call("other"), ["deny"]],
      [call("read_file"), ["allow", "allow"]],
      [call("read_other"), ["allow", "deny"]],
      [call("list_all"), ["allow", "deny"]],
    ] as const;
    for (const [message, kinds] of cases) {
      const verdicts = judge.possibleVerdicts(message, server);
      test.same(
        verdicts.map(({ kind }) => kind),
        kinds,
      );
    }
  },
);
