/**
 * The environment that puts a command behind an explicit proxy: what each language's clients read for the
 * proxy and for the roots they trust. Pure: reads no file, no `process.env`.
 * Invariant: no proxy setting of the user survives (it would lead past the gateway), and the proxy credential
 * stands only in variables that programs read and do not print.
 */

/** What the agent's environment is made from. */
export interface AgentEnvironmentOptions {
  /** The environment the user started `clrk` with; nothing else of it is changed */
  readonly userEnvironment: Readonly<Record<string, string | undefined>>;
  /** `http://user:token@host:port` of the gateway's explicit proxy */
  readonly proxyUrl: string;
  /** Absolute path of the PEM bundle: the gateway's authority, public roots and the user's own (`extraRoots`) */
  readonly bundlePath: string;
  /** Absolute path of a directory with the same roots under OpenSSL's hashed names */
  readonly hashedDirectory: string;
  /** Absolute path of the PKCS#12 trust store; given only for Java commands, because the JVM announces it on stderr */
  readonly javaTrustStore?: string;
  /** Absolute path of the file written from `javaCredentialOptions`; used only with `javaTrustStore` */
  readonly javaCredentialsFile?: string;
  /** Absolute path of `node-preload.cjs`, for Node versions whose clients ignore proxy variables */
  readonly nodePreload?: string;
  /** Hosts that are reached directly, usually `defaultNoProxy`; the user's own NO_PROXY is never used */
  readonly noProxy: readonly string[];
}

/** The agent's environment and what was taken from the user's. */
export interface AgentEnvironment {
  /** The child's whole environment; it holds the proxy credential, so never log it */
  readonly environment: Record<string, string>;
  /** As `extraRoots(userEnvironment)`, without `bundlePath` */
  readonly extraRoots: readonly string[];
  /** Sorted names (never values) of the user's variables that were replaced or removed */
  readonly replaced: readonly string[];
}

/**
 * Hosts that an agent reaches directly. Loopback traffic does not leave the machine, the gateway refuses
 * loopback destinations anyway, and agents talk to helpers of their own there (MCP servers, browsers under
 * test); Go and Java bypass a proxy for it by default in any case. It is not recorded: `captureLimits` says so.
 */
export const defaultNoProxy: readonly string[] = ["localhost", "127.0.0.1", "::1"];

// curl and Python read the lower-case name first (curl only that one for http), others the upper-case one.
// ALL_PROXY too: it catches schemes without a variable of their own (wss in curl, ftp, reqwest's and httpx's
// fallback), which would otherwise go past the gateway in silence. gRPC falls back to https_proxy by itself.
const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] as const;

// Each overrides the ones above for one tool or scheme, so a user's value would lead past the gateway.
const removedProxyVariables: ReadonlySet<string> = new Set([
  ...["http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy", "ws_proxy", "wss_proxy"],
  ...["socks_proxy", "grpc_proxy", "no_grpc_proxy", "pip_proxy", "cargo_http_proxy"],
  ...["npm_config_proxy", "npm_config_http_proxy", "npm_config_https_proxy", "npm_config_noproxy"],
  ...["yarn_http_proxy", "yarn_https_proxy", "cloudsdk_proxy_type", "cloudsdk_proxy_address"],
  ...["global_agent_http_proxy", "global_agent_https_proxy", "global_agent_no_proxy"],
]);

const bundleVariables = [
  ...["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"],
  ...["GIT_SSL_CAINFO", "AWS_CA_BUNDLE", "PIP_CERT", "DENO_CERT", "CARGO_HTTP_CAINFO"],
  ...["CODEX_CA_CERTIFICATE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"],
] as const;

// Replaced only where the user has them: they override a variable above in one tool, and otherwise mean nothing.
const bundleVariablesIfSet = [
  ...["NIX_SSL_CERT_FILE", "HTTPLIB2_CA_CERTS", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"],
  ...["npm_config_cafile", "HEX_CACERTS_PATH"],
] as const;

/**
 * Returns the files and directories of roots that the user's own variables name (a corporate authority, say),
 * in order and without repeats. They go into the bundle that replaces them; each may be a PEM file, a
 * directory, or missing: the caller looks.
 */
export function extraRoots(userEnvironment: AgentEnvironmentOptions["userEnvironment"]): string[] {
  const { SSL_CERT_DIR: directories = "" } = userEnvironment;
  const files = [...bundleVariables, ...bundleVariablesIfSet].map((name) => userEnvironment[name]);
  const paths = [...files, ...directories.split(":")].filter((path) => path !== undefined);
  return [...new Set(paths.filter((path) => path !== ""))];
}

/**
 * Returns the environment for a command behind the proxy.
 * Throws a TypeError when `proxyUrl` is not an `http://` URL (the text of the URL is not repeated: it holds a
 * credential) and when the trust store path cannot be written in JAVA_TOOL_OPTIONS.
 */
export function agentEnvironment(options: AgentEnvironmentOptions): AgentEnvironment {
  const { userEnvironment, bundlePath } = options;
  parseProxyUrl(options.proxyUrl);
  const ours = new Map<string, string>([
    ["NODE_USE_ENV_PROXY", "1"],
    // Otherwise git asks without a credential first, and every fetch begins with a refused request.
    ["GIT_HTTP_PROXY_AUTHMETHOD", "basic"],
    ["SSL_CERT_DIR", options.hashedDirectory],
  ]);
  for (const name of proxyVariables) {
    ours.set(name, options.proxyUrl).set(name.toLowerCase(), options.proxyUrl);
  }
  if (options.noProxy.length > 0) {
    ours.set("NO_PROXY", options.noProxy.join(",")).set("no_proxy", options.noProxy.join(","));
  }
  for (const name of bundleVariables) ours.set(name, bundlePath);
  for (const name of bundleVariablesIfSet) {
    if (userEnvironment[name] !== undefined) ours.set(name, bundlePath);
  }
  const { NODE_OPTIONS: userOptions } = userEnvironment;
  if (options.nodePreload !== undefined) {
    ours.set("NODE_OPTIONS", nodeOptions(userOptions, options.nodePreload));
  }
  for (const [name, value] of javaVariables(options)) ours.set(name, value);
  return {
    ...merge(userEnvironment, ours),
    extraRoots: extraRoots(userEnvironment).filter((path) => path !== bundlePath),
  };
}

function merge(
  userEnvironment: AgentEnvironmentOptions["userEnvironment"],
  ours: ReadonlyMap<string, string>,
): Pick<AgentEnvironment, "environment" | "replaced"> {
  const kept = new Map<string, string>();
  const replaced: string[] = [];
  for (const [name, value] of Object.entries(userEnvironment)) {
    if (value === undefined) continue;
    const isRemoved = removedProxyVariables.has(name.toLowerCase());
    if (!isRemoved) kept.set(name, value);
    if (isRemoved || (ours.has(name) && ours.get(name) !== value)) replaced.push(name);
  }
  return { environment: Object.fromEntries([...kept, ...ours]), replaced: replaced.sort() };
}

// Ours first: it must patch http and https before a preload of the user's opens a connection.
function nodeOptions(userOptions: string | undefined, preload: string): string {
  // NODE_OPTIONS knows double quotes and backslash escapes inside them; nothing else is special.
  const own = `--require="${preload.replace(/["\\]/g, "\\$&")}"`;
  const rest = (userOptions ?? "").replaceAll(own, "").trim();
  return rest === "" ? own : `${own} ${rest}`;
}

function javaVariables(options: AgentEnvironmentOptions): [name: string, value: string][] {
  const { userEnvironment, javaTrustStore, javaCredentialsFile, proxyUrl, noProxy } = options;
  if (javaTrustStore === undefined) return [];
  const own = javaOptions({ proxyUrl, trustStore: javaTrustStore, noProxy }).map(quoteForJava);
  const join = (name: string, added: string) =>
    [userEnvironment[name], added].filter(Boolean).join(" ");
  // Ours last: of two -D with one name the JVM keeps the later.
  const variables: [string, string][] = [
    ["JAVA_TOOL_OPTIONS", join("JAVA_TOOL_OPTIONS", own.join(" "))],
  ];
  if (javaCredentialsFile !== undefined) {
    // An argument file, because the JVM prints the value of either variable to stderr when it starts.
    variables.push([
      "JDK_JAVA_OPTIONS",
      join("JDK_JAVA_OPTIONS", quoteForJava(`@${javaCredentialsFile}`)),
    ]);
  }
  return variables;
}

// The JVM splits at blanks and knows both quotes, but no escape inside them.
function quoteForJava(option: string): string {
  if (/^[^\s"']*$/.test(option)) return option;
  if (!option.includes('"')) return `"${option}"`;
  if (!option.includes("'")) return `'${option}'`;
  throw new TypeError("Cannot write JAVA_TOOL_OPTIONS: a path holds both kinds of quotes");
}

/**
 * Returns the JVM options for proxy and trust store, without the credential: proxy host and port for http and
 * https, hosts reached directly, trust store (password `changeit`, which protects nothing and need not), and
 * the two switches that let Basic authentication answer a proxy (the JDK refuses it on CONNECT by default).
 * Address ranges in `noProxy` are left out: Java has no form for them.
 */
export function javaOptions(options: {
  readonly proxyUrl: string;
  readonly trustStore: string;
  readonly noProxy: readonly string[];
}): string[] {
  const { host, port } = parseProxyUrl(options.proxyUrl);
  // Given but empty means no exception at all; not given means Java's own list.
  const direct = options.noProxy.filter((entry) => !entry.includes("/")).map(toJavaHost);
  return [
    ...["http", "https"].flatMap((scheme) => [
      `-D${scheme}.proxyHost=${host}`,
      `-D${scheme}.proxyPort=${port}`,
    ]),
    `-Dhttp.nonProxyHosts=${direct.join("|")}`,
    `-Djavax.net.ssl.trustStore=${options.trustStore}`,
    "-Djavax.net.ssl.trustStoreType=PKCS12",
    "-Djavax.net.ssl.trustStorePassword=changeit",
    "-Djdk.http.auth.tunneling.disabledSchemes=",
    "-Djdk.http.auth.proxying.disabledSchemes=",
  ];
}

function toJavaHost(entry: string): string {
  if (entry.startsWith(".")) return `*${entry}`;
  return entry.includes(":") && !entry.startsWith("[") ? `[${entry}]` : entry;
}

/**
 * Returns the text of the Java argument file with the proxy credential, empty when the URL has none. Build
 * tools read these properties (Gradle, coursier, Apache clients with system properties); the JDK's own clients
 * and OkHttp do not: a program that uses those needs an Authenticator, or a proxy that asks for no credential.
 */
export function javaCredentialOptions(proxyUrl: string): string {
  const { user, password } = parseProxyUrl(proxyUrl);
  if (user === "") return "";
  const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
  return ["http", "https"]
    .flatMap((scheme) => [
      quote(`-D${scheme}.proxyUser=${user}`),
      quote(`-D${scheme}.proxyPassword=${password}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

function parseProxyUrl(proxyUrl: string): {
  host: string;
  port: string;
  user: string;
  password: string;
} {
  const url = URL.canParse(proxyUrl) ? new URL(proxyUrl) : undefined;
  if (url?.protocol !== "http:" || url.hostname === "") {
    throw new TypeError("Cannot set the proxy: its address must be an http:// URL with a host");
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? "80" : url.port,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
}
