// The operations of vendors' published models (OpenAPI or Swagger, JSON or YAML): as Prism understands them for requests
// and examples, and as they stand for answers, because Prism takes any answer whose schema it cannot resolve.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import prismHttp from "@stoplight/prism-http";
import yaml from "yaml";
import { fail } from "./lifetime.mjs";

// Each operation has its model beside Prism's members, as `model`. `kept` says which are read, by method and path: long
// models take their time.
//
// Prism ignores the base path of a model's server, so a copy with the prefix in every template is read; calls then
// look as they do in production: /api.xro/2.0/Invoices.
export async function operationsOf(path, prefix, kept) {
  const text = readFileSync(path, "utf8");
  const model = prepared(path.endsWith(".json") ? JSON.parse(text) : yaml.parse(text), prefix, kept);
  const folder = mkdtempSync(join(tmpdir(), "sentia-model-"));
  try {
    const copy = join(folder, `${basename(path)}.json`);
    writeFileSync(copy, JSON.stringify(model));
    const operations = await prismHttp.getHttpOperationsFromSpec(copy);
    return operations.map((operation) => ({ ...operation, model }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const METHODS = ["get", "post", "put", "patch", "delete"];

function prepared(model, prefix, kept) {
  const paths = Object.entries(model.paths ?? {});
  for (const [path, item] of paths) {
    for (const method of METHODS.filter((method) => item[method])) {
      if (kept(method, path)) showExamples(item[method]);
      else delete item[method];
    }
  }
  const left = paths.filter(([, item]) => METHODS.some((method) => item[method]));
  if (left.length === 0) fail("the model has no paths");
  return { ...model, paths: Object.fromEntries(left.map(([path, item]) => [prefix + path, item])) };
}

// Amazon's models have examples where Prism does not look: as the answers of Amazon's own sandbox, and, by a slip of
// the list of marketplaces, without the media type that they are for.
function showExamples(operation) {
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    if (!status.startsWith("2")) continue;
    const { examples } = response;
    const untyped = examples && !Object.keys(examples).some((type) => type.includes("/")) ? examples : undefined;
    const shown = examples ? untyped : response["x-amzn-api-sandbox"]?.static?.[0]?.response;
    if (shown !== undefined) response.examples = { "application/json": shown };
  }
}
