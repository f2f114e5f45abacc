/**
 * Preload (NODE_OPTIONS --require) that sends http, https and fetch of Node 16 to 22.20, 23 and 24.0 to 24.4
 * through the proxy of HTTP_PROXY and HTTPS_PROXY, as NODE_USE_ENV_PROXY=1 does in newer ones, where it does
 * nothing. Not covered: http2, net and tls sockets, agents and requests with a `createConnection` of their own
 * (the `ws` package), and dispatchers that a program makes from its own copy of undici.
 */
"use strict";

const http = require("node:http");
const https = require("node:https");
const net = require("node:net");
const tls = require("node:tls");

// undici's own limit for a connection; the tunnel and the TLS handshake have it each.
const connectTimeoutMs = 10_000;
// The first kilobyte of a refusal holds its sentence.
const refusalBodyBytes = 1024;
// A proxy sends the head and the body of a refusal together; the sentence is not worth a longer wait.
const refusalBodyTimeoutMs = 250;

install(process.env, process.versions.node);

/** Patches what this Node does not do by itself; nothing without a usable proxy in the environment. */
function install(environment, version) {
  const { isHttpNative, isFetchNative } = nativeSupport(version, environment);
  const proxies = {
    "http:": parseProxy(environment.http_proxy || environment.HTTP_PROXY),
    "https:": parseProxy(environment.https_proxy || environment.HTTPS_PROXY),
    isDirect: createDirectTest(environment.no_proxy || environment.NO_PROXY || ""),
  };
  if (proxies["http:"] === undefined && proxies["https:"] === undefined) return;
  if (!isHttpNative) patchHttpAgents(proxies);
  if (!isFetchNative) replaceDispatcher(proxies);
}

/** fetch: 22.21 and 24.0, http and https: 22.21 and 24.5; never 23. See https://nodejs.org/api/cli.html#node_use_env_proxy1 */
function nativeSupport(version, environment) {
  const [major, minor] = version.split(".").map(Number);
  const isOn = environment.NODE_USE_ENV_PROXY === "1";
  const isBackported = major === 22 && minor >= 21;
  return {
    isHttpNative: isOn && (isBackported || major > 24 || (major === 24 && minor >= 5)),
    isFetchNative: isOn && (isBackported || major >= 24),
  };
}

function parseProxy(text) {
  if (!text) return undefined;
  let url;
  try {
    url = new URL(text);
  } catch {
    return undefined; // not ours to report: a program that reads the variable itself will
  }
  if (url.protocol !== "http:") return undefined;
  const credential = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    origin: url.origin,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 80),
    authorization:
      credential === ":" ? undefined : `Basic ${Buffer.from(credential).toString("base64")}`,
  };
}

/** Entries: `*`, a host, `.suffix` or `*.suffix`, each with an optional `:port`. */
function createDirectTest(list) {
  const entries = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(parseDirectEntry);
  return (host, port) => {
    const name = host.toLowerCase().replace(/^\[|\]$/g, "");
    return entries.some(
      (entry) =>
        (entry.port === undefined || entry.port === port) &&
        (entry.host === "*" ||
          (entry.host.startsWith(".") ? name.endsWith(entry.host) : name === entry.host)),
    );
  };
}

function parseDirectEntry(text) {
  if (net.isIP(text)) return { host: text, port: undefined };
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(text);
  return {
    host: host.replace(/^\[|\]$/g, "").replace(/^\*\./, "."),
    port: port === undefined ? undefined : Number(port),
  };
}

/**
 * Patches the prototypes, not the global agents, so that agents which a program or its HTTP library makes
 * (keep-alive pools) are covered too. Connections stay in their agent's pool and keep its limits.
 */
function patchHttpAgents(proxies) {
  const { addRequest } = http.Agent.prototype;
  const { createConnection } = https.Agent.prototype;

  http.Agent.prototype.addRequest = function (request, options, ...rest) {
    const proxy = proxies["http:"];
    const isOurs = options !== null && typeof options === "object" && !options.socketPath;
    // An absolute path or a `connect` method means that somebody else's proxy agent is at work.
    const isPlain =
      isOurs &&
      this.protocol === "http:" &&
      request.path.startsWith("/") &&
      typeof this.connect !== "function";
    const host = isPlain ? options.host || options.hostname || "localhost" : "";
    const port = isPlain ? Number(options.port || 80) : 0;
    if (
      !isPlain ||
      proxy === undefined ||
      proxies.isDirect(host, port) ||
      isProxy(proxy, host, port)
    ) {
      return addRequest.call(this, request, options, ...rest);
    }
    toAbsoluteForm(request, proxy, authorityOf(host, port, 80));
    const target = { ...options, host: proxy.host, hostname: proxy.host, port: proxy.port };
    return addRequest.call(this, request, target, ...rest);
  };

  https.Agent.prototype.createConnection = function (...args) {
    const options = args.find((argument) => argument !== null && typeof argument === "object");
    const callback = args.find((argument) => typeof argument === "function");
    const proxy = proxies["https:"];
    if (
      options === undefined ||
      callback === undefined ||
      proxy === undefined ||
      options.socket ||
      options.socketPath
    ) {
      return createConnection.apply(this, args);
    }
    const host = options.host || options.hostname || "localhost";
    const port = Number(options.port || 443);
    if (proxies.isDirect(host, port)) return createConnection.apply(this, args);
    openTunnel(proxy, host, port, (error, socket) => {
      if (error) callback(error);
      // The original does the TLS handshake over the tunnel, with its session cache.
      else callback(null, createConnection.call(this, { ...options, socket }));
    });
    return undefined;
  };
}

function isProxy(proxy, host, port) {
  return host === proxy.host && port === proxy.port;
}

function authorityOf(host, port, defaultPort) {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return port === defaultPort ? name : `${name}:${port}`;
}

/** Turns the request into a proxy's form (RFC 9112 §3.2.2), even where its head is already rendered. */
function toAbsoluteForm(request, proxy, authority) {
  const path = request.path;
  request.path = `http://${authority}${path}`;
  if (!request._header) {
    if (proxy.authorization) request.setHeader("Proxy-Authorization", proxy.authorization);
    return;
  }
  // Headers given as an array, or with Expect, are rendered in the request's constructor.
  const end = request._header.indexOf("\r\n");
  const fields = proxy.authorization ? `\r\nProxy-Authorization: ${proxy.authorization}` : "";
  const line = `${request.method} ${request.path} HTTP/1.1`;
  request._header = line + fields + request._header.slice(end);
}

/** Calls back once with a socket that leads to host:port, or with an error that says what the proxy answered. */
function openTunnel(proxy, host, port, callback) {
  const authority = authorityOf(host, port, undefined);
  const headers = { Host: authority };
  if (proxy.authorization) headers["Proxy-Authorization"] = proxy.authorization;
  const request = http.request({
    method: "CONNECT",
    path: authority,
    headers,
    // A connection of its own: an agent would bring the request back to us.
    createConnection: () => net.connect({ host: proxy.host, port: proxy.port }),
  });
  let isAnswered = false;
  let isSettled = false;
  const settle = (error, socket) => {
    if (isSettled) return;
    isSettled = true;
    callback(error, socket);
  };
  request.setTimeout(connectTimeoutMs, () =>
    request.destroy(tunnelError(authority, "the proxy did not answer")),
  );
  request.once("connect", (response, socket, head) => {
    isAnswered = true; // the request emits `close` right after this event
    socket.setTimeout(0);
    socket.removeAllListeners("timeout");
    if (response.statusCode === 200) {
      if (head.length > 0) socket.unshift(head);
      settle(null, socket);
      return;
    }
    const expected = Math.min(Number(response.headers["content-length"] || 0), refusalBodyBytes);
    readRefusal(socket, head, expected, (body) => {
      const reason = `the proxy answered ${response.statusCode} ${response.statusMessage}`;
      settle(tunnelError(authority, body === "" ? reason : `${reason}: ${body}`));
    });
  });
  request.once("error", (error) => {
    settle(
      error.code === "CLRK_TUNNEL"
        ? error
        : tunnelError(authority, `the proxy is not reachable (${error.message})`),
    );
  });
  request.once("close", () => {
    if (!isAnswered) settle(tunnelError(authority, "the proxy closed the connection"));
  });
  request.end();
}

// Node hands over the body of a refused CONNECT as raw bytes of the connection; only a stated length ends it.
function readRefusal(socket, head, expectedBytes, callback) {
  let body = head;
  let timer;
  const finish = () => {
    clearTimeout(timer);
    socket.off("close", finish).off("data", onData).destroy();
    callback(body.subarray(0, expectedBytes).toString("utf8").trim());
  };
  const onData = (chunk) => {
    body = Buffer.concat([body, chunk]);
    if (body.length >= expectedBytes) finish();
  };
  socket.on("error", () => {}); // the refusal is the error to report, not what follows it
  if (body.length >= expectedBytes) {
    finish();
    return;
  }
  timer = setTimeout(finish, refusalBodyTimeoutMs);
  socket.once("close", finish);
  socket.on("data", onData);
}

function tunnelError(authority, reason) {
  const error = new Error(`Cannot open a tunnel to "${authority}": ${reason}`);
  error.code = "CLRK_TUNNEL";
  return error;
}

/**
 * Node's fetch asks the dispatcher under this symbol, which only undici's own `setGlobalDispatcher` is meant to
 * set; undici is not importable from Node, but the dispatcher in place is an instance of its Agent, so its
 * class is at hand.
 */
function replaceDispatcher(proxies) {
  const key = Symbol.for("undici.globalDispatcher.1");
  if (typeof globalThis.Response !== "function") return; // Node 16 has no fetch; reading it loads undici in 18 and later
  const direct = globalThis[key];
  if (typeof direct?.dispatch !== "function") {
    process.emitWarning("clrk: this Node's fetch cannot be sent through the proxy");
    return;
  }
  class TunnelAgent extends direct.constructor {
    dispatch(options, handler) {
      const origin = new URL(options.origin);
      const proxy = proxies[origin.protocol];
      const port = Number(origin.port || (origin.protocol === "https:" ? 443 : 80));
      if (proxy === undefined || proxies.isDirect(origin.hostname, port)) {
        return direct.dispatch(options, handler);
      }
      if (origin.protocol === "https:") return super.dispatch(options, handler);
      return super.dispatch(toProxyRequest(options, origin, proxy), handler);
    }
  }
  globalThis[key] = new TunnelAgent({
    connect: (options, callback) => connectForFetch(proxies, options, callback),
  });
}

function toProxyRequest(options, origin, proxy) {
  const headers = Array.isArray(options.headers)
    ? toRecord(options.headers)
    : { ...options.headers };
  if (!Object.keys(headers).some((name) => name.toLowerCase() === "host"))
    headers.host = origin.host;
  if (proxy.authorization) headers["proxy-authorization"] = proxy.authorization;
  return { ...options, origin: proxy.origin, path: origin.origin + options.path, headers };
}

/** undici passes headers as a flat list (names and values in turn), pairs or an object, by version. */
function toRecord(list) {
  if (Array.isArray(list[0])) return Object.fromEntries(list);
  const record = {};
  for (let index = 0; index + 1 < list.length; index += 2)
    record[String(list[index])] = list[index + 1];
  return record;
}

function connectForFetch(proxies, options, callback) {
  const host = options.hostname.replace(/^\[|\]$/g, "");
  if (options.protocol !== "https:") {
    const socket = net.connect({ host, port: Number(options.port || 80), noDelay: true });
    settleOnce(socket, "connect", callback);
    return;
  }
  const port = Number(options.port || 443);
  openTunnel(proxies["https:"], host, port, (error, socket) => {
    if (error) {
      callback(error);
      return;
    }
    const servername = options.servername || (net.isIP(host) ? "" : host);
    const secure = tls.connect({ socket, host, servername, ALPNProtocols: ["http/1.1"] });
    settleOnce(secure, "secureConnect", callback);
  });
}

function settleOnce(socket, event, callback) {
  const timer = setTimeout(
    () => socket.destroy(new Error("Cannot connect: the handshake timed out")),
    connectTimeoutMs,
  );
  const onError = (error) => {
    clearTimeout(timer);
    callback(error);
  };
  socket.once("error", onError);
  socket.once(event, () => {
    clearTimeout(timer);
    socket.off("error", onError);
    callback(null, socket);
  });
}
