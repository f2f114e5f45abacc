/** Tests of the environment that the user's programs get. */
import t from "tap";
import { userEnvironment } from "./user-environment.ts";

const npm = {
  npm_command: "run-script",
  npm_lifecycle_event: "dev",
  npm_execpath: "/usr/lib/npm/bin/npm-cli.js",
  npm_node_execpath: "/usr/bin/node",
  npm_config_user_agent: "npm/11",
};

t.test("userEnvironment() is a plain copy when neither npm nor the launcher was there", (t) => {
  const env = {
    PATH: "/p/node_modules/.bin:/bin",
    npm_config_registry: "mine",
    EDITOR: "vi",
    NODE: "x",
    COLOR: "1",
  };
  const result = userEnvironment(env);
  t.strictSame(result, env);
  t.not(result, env);
  t.end();
});

t.test("userEnvironment() leaves out variables that are undefined", (t) => {
  t.strictSame(userEnvironment({ A: undefined, B: "" }), { B: "" });
  t.end();
});

t.test("userEnvironment() restores what the launcher recorded", (t) => {
  const env = {
    NODE_COMPILE_CACHE: "/ours",
    NODE_OPTIONS: "--ours",
    CLRK_LAUNCHER_ENV: `{"NODE_COMPILE_CACHE":null,"NODE_OPTIONS":"--theirs","GONE":"back"}`,
  };
  t.strictSame(userEnvironment(env), { NODE_OPTIONS: "--theirs", GONE: "back" });
  t.end();
});

for (const text of ["", "{", "[]", "null", "1", `"a"`, `{"A":1}`, `{"A":{}}`, `["A"]`]) {
  t.test(`userEnvironment() drops the unreadable record ${text}`, (t) => {
    t.strictSame(userEnvironment({ A: "a", CLRK_LAUNCHER_ENV: text }), { A: "a" });
    t.end();
  });
}

t.test("userEnvironment() treats names such as __proto__ as names", (t) => {
  const result = userEnvironment({ CLRK_LAUNCHER_ENV: `{"__proto__":"x","constructor":"y"}` });
  t.strictSame(Object.entries(result), [
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
  t.equal(Object.getPrototypeOf(result), Object.prototype);
  t.end();
});

t.test("userEnvironment() removes what npm added", (t) => {
  const env = {
    ...npm,
    INIT_CWD: "/somewhere",
    NODE: "/usr/bin/node",
    COLOR: "0",
    EDITOR: "vi",
    HOME: "/h",
    PATH: "/p/node_modules/.bin:/node_modules/.bin:/usr/lib/npm/node-gyp-bin:/usr/bin:/bin",
  };
  t.strictSame(userEnvironment(env), { HOME: "/h", PATH: "/usr/bin:/bin" });
  t.end();
});

for (const marker of ["npm_lifecycle_event", "npm_command", "npm_execpath"]) {
  t.test(`userEnvironment() knows npm by ${marker} alone`, (t) => {
    t.strictSame(userEnvironment({ [marker]: "x", INIT_CWD: "/x" }), {});
    t.end();
  });
}

t.test("userEnvironment() keeps what the user had set beside npm", (t) => {
  const env = {
    ...npm,
    EDITOR: "emacs",
    NODE: "/opt/node",
    NPM_CONFIG_REGISTRY: "mine",
    PATH: "/p/node_modules/.bin:/usr/bin:/mine/node_modules/.bin",
  };
  t.strictSame(userEnvironment(env), {
    EDITOR: "emacs",
    NODE: "/opt/node",
    NPM_CONFIG_REGISTRY: "mine",
    PATH: "/usr/bin:/mine/node_modules/.bin",
  });
  t.end();
});

t.test("userEnvironment() keeps a PATH that holds nothing but npm's entries a PATH", (t) => {
  t.strictSame(userEnvironment({ ...npm, PATH: "/p/node_modules/.bin" }), { PATH: "" });
  t.end();
});
