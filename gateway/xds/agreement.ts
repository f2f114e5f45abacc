/**
 * The check that what an agent says inside a connection (`:authority`) is what it dialled (SNI, CONNECT target,
 * port). Written as an RBAC filter that allows only agreement: an expression that cannot be evaluated denies.
 */

import { packAny, typedExtension } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import type { google } from "../proto/gen/xds.js";
import { FILTER_STATE } from "./filter-state.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";

type Expression = google.api.expr.v1alpha1.IExpr;

/** Name of the RBAC policy; Envoy's response code details carry it. */
export const agreementPolicy = "agreement";

/** Envoy asks policies in the order of their names: this one before the expression. */
const usualPolicy = "agreed";

/**
 * Which facts the authority is held against: the TLS server name, the dialled name of a plain connection, or,
 * where a plain connection was dialled by bare address, only the port.
 */
export type AgreementKind = "tls" | "plain";

/** HTTP filter that denies with 403 unless the authority agrees with the connection. */
export function agreementFilter(kind: AgreementKind) {
  const { RBAC } = envoy.extensions.filters.http.rbac.v3;
  // The usual case comes first and reads one fact instead of four: 5 µs of Envoy's time instead of 12.
  return typedExtension(HTTP_FILTER.agreement, RBAC, { rules: httpRules(kind) });
}

/**
 * The same check where the host is known: two comparisons decide the usual case instead of an expression, a tenth of
 * what Envoy does for a small request. Whatever they do not allow, the expression judges as everywhere.
 */
export function hostAgreementConfig(kind: AgreementKind, host: string) {
  const { RBACPerRoute } = envoy.extensions.filters.http.rbac.v3;
  const rules = httpRules(kind);
  const dialledAs = (dialled: string) => ({
    filterState: {
      key: FILTER_STATE.usual,
      stringMatch: { exact: `${host}|${defaultPort(kind)}|${dialled}`, ignoreCase: true },
    },
  });
  const says = { header: { name: ":authority", stringMatch: { exact: host, ignoreCase: true } } };
  const usual = {
    permissions: [says],
    principals: [{ orIds: { ids: [dialledAs("-"), dialledAs(host)] } }],
  };
  return {
    [HTTP_FILTER.agreement]: packAny(RBACPerRoute, {
      rbac: { rules: { ...rules, policies: { ...rules.policies, [usualPolicy]: usual } } },
    }),
  };
}

function httpRules(kind: AgreementKind) {
  return agreementRules(or(usual(kind), condition(kind)));
}

/** A host without port, on a connection that dialled that host, or a bare address, on the default port. */
function usual(kind: AgreementKind): Expression {
  const onDefaultPort = concat(requestHost(), text(`|${defaultPort(kind)}|`));
  return or(
    equals(state(FILTER_STATE.usual), concat(onDefaultPort, text("-"))),
    equals(state(FILTER_STATE.usual), concat(onDefaultPort, requestHost())),
  );
}

/** Network filter that closes a passed-through TLS connection whose server name is not the dialled one. */
export function serverNameAgreementFilter() {
  const { RBAC } = envoy.extensions.filters.network.rbac.v3;
  return typedExtension("envoy.filters.network.rbac", RBAC, {
    statPrefix: "server_name.",
    rules: agreementRules(dialledIsServerName()),
  });
}

function defaultPort(kind: AgreementKind): string {
  return kind === "tls" ? "443" : "80";
}

function agreementRules(condition: Expression) {
  return {
    action: envoy.config.rbac.v3.RBAC.Action.ALLOW,
    policies: {
      [agreementPolicy]: {
        permissions: [{ any: true }],
        principals: [{ any: true }],
        condition,
        celConfig: {
          enableStringConversion: true,
          enableStringConcat: true,
          enableStringFunctions: true,
        },
      },
    },
  };
}

function condition(kind: AgreementKind): Expression {
  const named = or(
    equals(requestHost(), state(FILTER_STATE.hostPort)),
    and(
      equals(requestHost(), state(FILTER_STATE.host)),
      equals(state(FILTER_STATE.port), text(defaultPort(kind))),
    ),
  );
  if (kind === "tls") return and(named, dialledIsServerName());
  return or(named, and(equals(state(FILTER_STATE.host), text("-")), portAgrees()));
}

/** A host without port means port 80 on plain HTTP (RFC 9110 section 4.2.1). */
function portAgrees(): Expression {
  const saysPort = call("endsWith", [state(FILTER_STATE.portSuffix)], requestHost());
  const saysNone = and(
    equals(state(FILTER_STATE.port), text("80")),
    call("!_", [call("contains", [text(":")], requestHost())]),
  );
  return or(saysPort, saysNone);
}

/** `-` is what Envoy's formatter writes for an absent value: then nothing was dialled by name. */
function dialledIsServerName(): Expression {
  const dialled = state(FILTER_STATE.dialled);
  const serverName = select(ident("connection"), "requested_server_name");
  return or(equals(dialled, text("-")), equals(dialled, serverName));
}

function requestHost(): Expression {
  return lowerCase(select(ident("request"), "host"));
}

/** Host names are the same in any case (RFC 9110 section 4.2.3). */
function lowerCase(name: Expression): Expression {
  return call("lowerAscii", [], name);
}

/** Filter state reaches CEL as bytes; `string()` makes it comparable. In lower case. */
function state(key: string): Expression {
  return lowerCase(call("string", [call("_[_]", [ident("filter_state"), text(key)])]));
}

function or(left: Expression, right: Expression): Expression {
  return call("_||_", [left, right]);
}

function and(left: Expression, right: Expression): Expression {
  return call("_&&_", [left, right]);
}

function concat(left: Expression, right: Expression): Expression {
  return call("_+_", [left, right]);
}

function equals(left: Expression, right: Expression): Expression {
  return call("_==_", [left, right]);
}

function call(name: string, args: Expression[], target?: Expression): Expression {
  return { callExpr: { function: name, args, ...(target !== undefined && { target }) } };
}

function select(operand: Expression, field: string): Expression {
  return { selectExpr: { operand, field } };
}

function ident(name: string): Expression {
  return { identExpr: { name } };
}

function text(value: string): Expression {
  return { constExpr: { stringValue: value } };
}
