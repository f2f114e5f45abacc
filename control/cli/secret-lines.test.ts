/** Tests of what `clrk status` says of Secrets from files, folders and commands. */
import t from "tap";
import type { SecretSourceStatus } from "../../gateway/secret-source-status.ts";
import { describeSecrets } from "./secret-lines.ts";

const nowMs = Date.UTC(2026, 0, 1, 1);
const source: SecretSourceStatus = {
  ...{ namespace: "default", name: "openai", key: "token", kind: "file" },
  ...{ origin: "--secret openai=file:key", state: "current", failure: "", warning: "" },
  readAt: "2026-01-01T00:55:00.000Z",
};

t.test("describeSecrets() says nothing where there are none, and little where all is well", (t) => {
  t.same(describeSecrets([], nowMs), []);
  t.same(describeSecrets([source], nowMs), ["1 of 1 source current"]);
  t.end();
});

t.test("describeSecrets() says what is wrong, and what stays for how long", (t) => {
  const failure = 'command "op": exit status 1';
  const { key: _, readAt: __, ...whole } = source;
  t.same(
    describeSecrets(
      [
        source,
        { ...source, state: "stale", failure },
        { ...source, state: "stale", failure, expiresAt: "2026-01-01T01:00:30.000Z" },
        { ...whole, state: "missing", failure },
        { ...source, warning: 'file "key" can be read by other users: chmod 600 it' },
      ],
      nowMs,
    ),
    [
      "2 of 5 sources current",
      'default/openai token: command "op": exit status 1; the value of 5 min ago stays',
      'default/openai token: command "op": exit status 1; the value of 5 min ago stays, for 30 s more',
      'default/openai: command "op": exit status 1; refused until it can be read',
      'default/openai token: file "key" can be read by other users: chmod 600 it',
    ],
  );
  t.end();
});
