// Reads [{"name": ..., "query": ...}] from standard input and validates each query against every
// shipped Admin schema version:
//   node validate-queries.mjs --specs DIR < queries.json
// Prints {"checked": n, "errors": [{"name", "version", "message"}]}; exits 1 when there are errors.
import { readFileSync } from "node:fs";
import { GraphQLError, parse, validate } from "graphql";
import { VERSIONS, adminSchema } from "./admin-schema.mjs";
import { options } from "./options.mjs";

const { specs } = options({ specs: undefined });
const queries = JSON.parse(readFileSync(0, "utf8"));
const errors = VERSIONS.flatMap((version) => {
  const schema = adminSchema(specs, version);
  return queries.flatMap(({ name, query }) =>
    findings(schema, query).map(({ message }) => ({ name, version, message })),
  );
});
process.stdout.write(`${JSON.stringify({ checked: queries.length, versions: VERSIONS, errors })}\n`);
process.exitCode = errors.length === 0 ? 0 : 1;

function findings(schema, query) {
  try {
    return validate(schema, parse(query));
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}
