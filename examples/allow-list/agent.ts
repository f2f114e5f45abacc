/** An agent that tries more than it may, and prints what it is told. */

const issues = "https://api.github.com/repos/envoyproxy/envoy/issues";

const calls: readonly { readonly url: string; readonly init?: RequestInit }[] = [
  { url: `${issues}?state=open` },
  {
    url: `${issues}/1/comments`,
    init: { method: "POST", headers: { "x-agent-task": "triage-7" } },
  },
  { url: `${issues}/1/comments`, init: { method: "POST", headers: { "x-agent-task": "other" } } },
  { url: `${issues}/1`, init: { method: "DELETE" } },
  { url: "https://api.github.com/user" },
  { url: "https://de.wikipedia.org/wiki/Envoy" },
  { url: "https://wikipedia.org/" },
  { url: "https://pastebin.com/api/api_post.php", init: { method: "POST", body: "notes" } },
];

for (const { url, init } of calls) {
  const response = await fetch(url, { redirect: "manual", ...init });
  const { pathname, host } = new URL(url);
  const call = `${init?.method ?? "GET"} ${host}${pathname}`;
  const reason = response.headers.get("x-clrk-deny-reason");
  if (reason === null) {
    console.log(
      `${call}: ${response.status} (cache-control ${response.headers.get("cache-control")})`,
    );
  } else {
    // No type is promised for what comes from outside.
    const denial: unknown = await response.json();
    const message = Reflect.get(Object(denial), "message");
    console.log(`${call}: ${response.status} ${reason}: ${message}`);
  }
}
