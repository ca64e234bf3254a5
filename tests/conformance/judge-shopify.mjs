// Stands between the connector and Shopify's twin, and judges both by Shopify's published Admin schema:
//   node judge-shopify.mjs --specs DIR [--version 2026-07] [--port 0]
// `PUT /-/upstream` says where the twin is.
// A query must be valid, and its answer what graphql-js would make of it: every field of its declared type, nothing
// missing that may not be null, nothing that was not asked for. Every exchange is kept (exchanges.mjs).
import { isDeepStrictEqual } from "node:util";
import { GraphQLError, execute, isAbstractType, parse, validate } from "graphql";
import { adminSchema } from "./admin-schema.mjs";
import { parsed, recording } from "./exchanges.mjs";
import { announce, endWithParent } from "./lifetime.mjs";
import { options } from "./options.mjs";
import { switched } from "./upstream.mjs";

endWithParent();
const given = options({ specs: undefined, version: "2026-07", port: "0" });
const schema = adminSchema(given.specs, given.version);
const SPELLED = {
  DateTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  Date: /^\d{4}-\d\d-\d\d$/,
  Decimal: /^-?\d+(\.\d+)?$/,
  Money: /^-?\d+(\.\d+)?$/,
  UnsignedInt64: /^\d+$/,
  BigInt: /^-?\d+$/,
  URL: /^https?:\/\//,
};
for (const [name, spelling] of Object.entries(SPELLED)) {
  schema.getType(name).serialize = (value) => {
    if (typeof value === "string" && spelling.test(value)) return value;
    throw new GraphQLError(`${JSON.stringify(value)} is no ${name}`);
  };
}
const server = recording(switched(judged));
server.listen(Number(given.port), "127.0.0.1", () => announce(server.address().port));

function judged(asked, exchange) {
  if (asked.method !== "post" || !asked.url.startsWith(`/admin/api/${given.version}/graphql.json`)) return () => {};
  const { query, variables, operationName } = parsed(asked);
  const document = parse(query);
  const named = document.definitions.find(({ kind }) => kind === "OperationDefinition");
  exchange.operation = named.name?.value ?? "anonymous";
  exchange.faults = validate(schema, document).map(({ message }) => message);
  return ({ status, text }) => {
    if (status !== 200 || exchange.faults.length > 0) return;
    const { data } = JSON.parse(text);
    if (data == null) return;
    const args = { schema, document, operationName, variableValues: variables, rootValue: data };
    const result = execute({ ...args, fieldResolver: (source, _, __, info) => source[info.path.key], typeResolver });
    exchange.strayed = (result.errors ?? []).map(({ message, path }) => `${path?.join(".")}: ${message}`);
    const isSame = isDeepStrictEqual(JSON.parse(JSON.stringify(result.data ?? null)), data);
    if (exchange.strayed.length === 0 && !isSame) exchange.strayed.push("the answer is not what was asked for");
  };
}

// Global ids name their type.
function typeResolver(value, _, info, abstract) {
  if (value.__typename) return value.__typename;
  const named = /^gid:\/\/shopify\/(\w+)\//.exec(value.id ?? "")?.[1];
  const possible = isAbstractType(abstract) ? info.schema.getPossibleTypes(abstract).map(({ name }) => name) : [];
  return possible.includes(named) ? named : possible[0];
}
