/** Tests of what a request becomes: whatever comes from outside stays a literal or a parameter. */
import t from "tap";
import {
  parseStoreRequest,
  quote,
  resetStatement,
  setStatement,
  tryParseInsert,
} from "./store-request.ts";

const none = Buffer.alloc(0);

function parse(search: string, body = "") {
  return parseStoreRequest(new URL(`http://store/?${search}`), Buffer.from(body));
}

t.test("the statement is the body, or the address with rows as the body", async (t) => {
  t.match(parse("query_id=x", "SELECT 1"), { sql: "SELECT 1", data: none });
  const insert = parse("query=INSERT+INTO+t+(a)+FORMAT+JSONEachRow", '{"a":1}');
  t.equal(insert.sql, "INSERT INTO t (a) FORMAT JSONEachRow");
  t.equal(insert.data.toString(), '{"a":1}');
});

t.test("settings and parameters are told apart from what is about the connection", async (t) => {
  const request = parse(
    "max_threads=1&param_name=a%27b&wait_end_of_query=1&database=default",
    "SELECT {name:String}",
  );
  t.same([...request.settings], [["max_threads", "1"]]);
  t.equal(setStatement(request), "SET max_threads = '1', param_name = 'a\\'b'");
  t.equal(resetStatement(request.settings.keys()), "SET max_threads = DEFAULT");
  t.equal(setStatement(parse("", "SELECT 1")), "");
});

t.test("what could change a statement is refused", async (t) => {
  for (const search of ["a%3B+DROP+TABLE+x=1", "param_a-b=1", "database=other"]) {
    t.throws(() => parse(search, "SELECT 1"), { code: "CLRK_INVALID_ARGUMENT" }, search);
  }
  t.throws(() => parse("", " "), /it holds no statement/);
  t.throws(() => parse("compatibility=20.1", "SELECT 1"), /"compatibility" changes others/);
});

t.test("a parameter that is not given is not another caller's", async (t) => {
  t.throws(() => parse("param_a=1", "SELECT {a:String}, {b:String}"), /no value of parameter "b"/);
});

t.test("quote() leaves no way out of a literal", async (t) => {
  t.equal(quote("a'b\\c"), "'a\\'b\\\\c'");
});

t.test("only an INSERT with named columns takes rows", async (t) => {
  t.same(tryParseInsert("INSERT INTO t (A, `B.C`) FORMAT JSONCompactEachRow"), {
    table: "t",
    columns: ["A", "B.C"],
    format: "JSONCompactEachRow",
  });
  t.equal(tryParseInsert("INSERT INTO t SELECT 1"), undefined);
  t.equal(tryParseInsert("INSERT INTO t (a) FORMAT CSV"), undefined);
});
