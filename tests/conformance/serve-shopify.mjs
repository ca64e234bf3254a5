// Executes queries against Shopify's published Admin schema with graphql-js and generated answers:
//   node serve-shopify.mjs --specs DIR [--version 2026-07] [--optional present] [--port 0]
// With `--optional null` every field that the schema lets be null is null, those at the root apart.
// It judges whether a query is one that Shopify would accept and gives every selected field a value of
// its declared type. It has no shop, limits or searches: it is a check on the connector's own twin.
import { createServer } from "node:http";
import { GraphQLError, execute, parse, validate } from "graphql";
import { adminSchema } from "./admin-schema.mjs";
import { answerField, answerType } from "./answers.mjs";
import { announce, endWithParent, fail } from "./lifetime.mjs";
import { options } from "./options.mjs";
import { cost } from "./query-cost.mjs";

endWithParent();
const { specs, version, optional, port } = options({
  specs: undefined,
  version: "2026-07",
  optional: "present",
  port: "0",
});
if (!["present", "null"].includes(optional)) fail("--optional is present or null");
const schema = adminSchema(specs, version);
const server = createServer(async (request, response) => {
  const { status, body } = await answer(request).catch((error) => ({
    status: error instanceof SyntaxError ? 400 : 500,
    body: { errors: error.message },
  }));
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "X-Request-Id": "00000000-0000-4000-8000-000000000000",
    "X-Shopify-API-Version": version,
  });
  response.end(JSON.stringify(body));
});
server.listen(Number(port), "127.0.0.1", () => announce(server.address().port));

async function answer(request) {
  const { pathname } = new URL(request.url, "http://127.0.0.1");
  if (request.method !== "POST" || pathname !== `/admin/api/${version}/graphql.json`) {
    return { status: 404, body: { errors: "Not Found" } };
  }
  if (!request.headers["x-shopify-access-token"]) {
    const errors = "[API] Invalid API key or access token (unrecognized login or wrong password)";
    return { status: 401, body: { errors } };
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return { status: 200, body: run(JSON.parse(Buffer.concat(chunks).toString("utf8"))) };
}

function run({ query, variables, operationName }) {
  let document;
  try {
    document = parse(query ?? "");
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
  const errors = validate(schema, document);
  if (errors.length > 0) return { errors };

  const result = execute({
    schema,
    document,
    operationName,
    variableValues: variables,
    contextValue: { isSparse: optional === "null" },
    fieldResolver: answerField,
    typeResolver: answerType,
  });
  return result.data == null ? { errors: result.errors } : { ...result, extensions: { cost: cost(result.data) } };
}
